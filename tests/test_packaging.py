"""The wheel holds the app and nothing else, and works in an empty environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import corbado_auth

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

BARE_SITE = """
from __future__ import annotations

SECRET_KEY = "made-up-and-long-enough-for-a-site-that-nobody-visits-0123456789"
ROOT_URLCONF = "bare_site_urls"
STATIC_URL = "static/"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "corbado_auth",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "bare.sqlite3"}}
AUTHENTICATION_BACKENDS = ["corbado_auth.backends.CorbadoBackend"]
LOGIN_URL = "corbado_auth:login"
CORBADO_PROJECT_ID = "pro-1234567890"
CORBADO_API_SECRET = "corbado1_made-up"
"""

BARE_URLS = """
from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("corbado/", include("corbado_auth.urls"))]
"""

IMPORT_ALL = """
import importlib, pkgutil, sys
import django; django.setup()
import corbado_auth
# Loaded by Django's admin, which this site has not, and by the extra.
loaded_by_others = ("corbado_auth.admin", "corbado_auth.emulator")
for module in pkgutil.walk_packages(corbado_auth.__path__, "corbado_auth."):
    if not module.name.startswith(loaded_by_others):
        importlib.import_module(module.name)
print(corbado_auth.__file__)
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that knows nothing of this test run."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def succeed(*command: str | Path, cwd: Path, **environment: str) -> str:
    result = run(*command, cwd=cwd, **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def files_of_the_project(*folders: str) -> set[str]:
    """Return what git tracks or would add, so that a clone and a work tree are alike."""
    listed = succeed(
        "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders, cwd=ROOT
    )
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both distributions from a copy: a stale build folder must not leak into them."""
    source = tmp_path_factory.mktemp("source")
    for name in files_of_the_project():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    folder = tmp_path_factory.mktemp("dist")
    succeed(sys.executable, "-m", "build", "--outdir", folder, cwd=source)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def bare_site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small site and an environment of the wheel, pytest and no extras."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "bare_site.py").write_text(BARE_SITE)
    (folder / "bare_site_urls.py").write_text(BARE_URLS)
    succeed(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    succeed(folder / "venv/bin/pip", "install", "--quiet", wheel, "pytest", cwd=folder)
    return folder


def django(site: Path, *arguments: str) -> tuple[Path | str, ...]:
    return (site / "venv/bin/python", "-W", "error", "-m", "django", *arguments)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files_of_the_project("corbado_auth")


@pytest.mark.parametrize(
    "name",
    [
        "corbado_auth/py.typed",
        "corbado_auth/emulator/SUPPORTED.md",
        "corbado_auth/migrations/0001_initial.py",
        "corbado_auth/templates/corbado_auth/login.html",
    ],
)
def test_the_wheel_holds_what_is_no_python(wheel: Path, name: str) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_the_sdist_holds_no_tests_and_no_example(dist: Path) -> None:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        top = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert top == {
        "CHANGELOG.md",
        "LICENSE",
        "MANIFEST.in",
        "PKG-INFO",
        "README.md",
        "SECURITY.md",
        "corbado_auth",
        "django_corbado_auth.egg-info",
        "pyproject.toml",
        "setup.cfg",
    }


def test_package_registries_will_take_both(dist: Path) -> None:
    succeed(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir(), cwd=dist)


def test_the_wheel_says_its_version_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    assert f"Version: {corbado_auth.__version__}" in lines
    assert "License-Expression: MIT" in lines


def test_every_room_imports_without_the_extras(bare_site: Path) -> None:
    output = succeed(
        bare_site / "venv/bin/python",
        *("-W", "error", "-c", IMPORT_ALL),
        cwd=bare_site,
        DJANGO_SETTINGS_MODULE="bare_site",
    )
    assert str(bare_site / "venv") in output


def test_a_bare_site_migrates_and_has_no_errors(bare_site: Path) -> None:
    site = {"cwd": bare_site, "DJANGO_SETTINGS_MODULE": "bare_site", "PYTHONPATH": str(bare_site)}
    succeed(*django(bare_site, "migrate", "--verbosity=0"), **site)
    succeed(*django(bare_site, "check"), **site)


def test_the_emulator_without_its_extra_says_what_to_install(bare_site: Path) -> None:
    result = run(
        *django(bare_site, "corbado_emulator"),
        cwd=bare_site,
        DJANGO_SETTINGS_MODULE="bare_site",
        PYTHONPATH=str(bare_site),
    )
    assert result.returncode != 0
    assert "django-corbado-auth[emulator]" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_test_kit_without_the_extra_does_not_break_pytest(bare_site: Path) -> None:
    (bare_site / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    output = succeed(bare_site / "venv/bin/pytest", "-W", "error", "-q", cwd=bare_site)
    assert "1 passed" in output
