"""The wheel holds the app and nothing else, and works in an empty environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import corbado_auth

ROOT = Path(__file__).resolve().parents[2]

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

# What `startproject` makes, and the README's edits.
STARTED_SITE = """
from __future__ import annotations

from started.settings import *

INSTALLED_APPS += ["corbado_auth"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "corbado_auth.backends.CorbadoBackend",
]
MIDDLEWARE.insert(3, "django.middleware.locale.LocaleMiddleware")
ROOT_URLCONF = "started_site_urls"
ALLOWED_HOSTS = ["testserver"]
STATIC_ROOT = "static-files"
CORBADO_PROJECT_ID = "pro-1234567890"
CORBADO_API_SECRET = "corbado1_made-up"
LOGIN_URL = "corbado_auth:login"
"""

STARTED_URLS = """
from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("corbado/", include("corbado_auth.urls")),
]
"""

IMPORT_ALL = """
import importlib, pkgutil, sys
import django; django.setup()
import corbado_auth
# It imports packages to walk them; one that is left out may fail.
for module in pkgutil.walk_packages(corbado_auth.__path__, "corbado_auth.", lambda name: None):
    # Runs what it is named after.
    if not module.name.startswith(tuple(sys.argv[1:])) and "__main__" not in module.name:
        importlib.import_module(module.name)
print(corbado_auth.__file__)
"""

LOGIN_PAGE = """
import sys
import django; django.setup()
from django.test import Client
page = Client().get("/corbado/login/", headers={"Accept-Language": sys.argv[1]})
assert page.status_code == 200, page.status_code
print(page.content.decode())
"""

# What the login page calls itself.
HEADINGS = {
    "en": "Sign in",
    "de": "Anmelden",
    "es": "Iniciar sesi\u00f3n",
    "fr": "Se connecter",
    "nl": "Inloggen",
}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that knows nothing of this test run."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    inherited["UV_SYSTEM_CERTS"] = "1"  # as pip does
    return subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


BUILD = (sys.executable, "-m", "build", "--installer", "uv")
UV = (sys.executable, "-m", "uv", "--no-progress")


@dataclass(frozen=True)
class Site:
    """A site in an environment that has the wheel."""

    folder: Path
    settings: str
    environment: Path

    def python(
        self, *arguments: Path | str, extra: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python in the site's folder, warnings as errors; ``extra`` has more packages."""
        path = [str(self.folder), *([str(extra)] if extra else [])]
        return run(
            *(self.environment / "bin/python", "-W", "error", *arguments),
            cwd=self.folder,
            DJANGO_SETTINGS_MODULE=self.settings,
            PYTHONPATH=os.pathsep.join(path),
        )

    def succeed(self, *arguments: Path | str, extra: Path | None = None) -> str:
        """Do the same, and return what it printed."""
        return printed(self.python(*arguments, extra=extra))


def printed(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def succeed(*command: str | Path, cwd: Path, **environment: str) -> str:
    return printed(run(*command, cwd=cwd, **environment))


def files_of_the_project(*folders: str) -> set[str]:
    """Return what git tracks or would add, so that a clone and a work tree give the same."""
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
    succeed(*BUILD, "--outdir", folder, cwd=source)
    succeed(*BUILD, "--wheel", "--outdir", folder / "without-sdist", cwd=source)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment of the wheel, without extras, and of what pip adds to it."""
    folder = tmp_path_factory.mktemp("environment")
    succeed(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    succeed(folder / "venv/bin/pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "venv"


@pytest.fixture(scope="module")
def bare_site(environment: Path) -> Site:
    """Return the smallest site that can sign anyone in: no admin, no messages."""
    folder = environment.parent / "bare"
    folder.mkdir()
    (folder / "bare_site.py").write_text(BARE_SITE)
    (folder / "bare_site_urls.py").write_text(BARE_URLS)
    return Site(folder, "bare_site", environment)


@pytest.fixture(scope="module")
def started_site(environment: Path) -> Site:
    """Return what Django's own ``startproject`` makes, with the README's edits."""
    folder = environment.parent / "started"
    folder.mkdir()
    succeed(environment / "bin/django-admin", "startproject", "started", ".", cwd=folder)
    (folder / "started_site.py").write_text(STARTED_SITE)
    (folder / "started_site_urls.py").write_text(STARTED_URLS)
    return Site(folder, "started_site", environment)


@pytest.fixture
def extra(wheel: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return the function that installs what an extra adds into a folder of its own."""

    def install(name: str) -> Path:
        wanted = f"django-corbado-auth[{name}] @ {wheel.as_uri()}"
        target = tmp_path / name
        succeed(*UV, "pip", "install", "--quiet", "--target", target, wanted, cwd=tmp_path)
        shutil.rmtree(target / "corbado_auth")
        return target

    return install


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files_of_the_project("corbado_auth")


@pytest.mark.parametrize(
    "name",
    [
        "corbado_auth/py.typed",
        "corbado_auth/emulator/SUPPORTED.md",
        "corbado_auth/emulator/static/auth.js",
        "corbado_auth/locale/de/LC_MESSAGES/django.mo",
        "corbado_auth/locale/de/LC_MESSAGES/django.po",
        "corbado_auth/locale/es/LC_MESSAGES/django.mo",
        "corbado_auth/locale/fr/LC_MESSAGES/django.mo",
        "corbado_auth/locale/nl/LC_MESSAGES/django.mo",
        "corbado_auth/migrations/0001_initial.py",
        "corbado_auth/static/corbado_auth/corbado_auth.css",
        "corbado_auth/templates/admin/corbado_auth/adoption.html",
        "corbado_auth/templates/corbado_auth/login.html",
    ],
)
def test_the_wheel_holds_what_is_no_python(wheel: Path, name: str) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_the_wheel_needs_django_and_requests_alone(wheel: Path) -> None:
    needed = [line for line in metadata(wheel) if line.startswith("Requires-Dist: ")]
    names = [
        re.split(r"[^\w-]", line.split(": ")[1])[0] for line in needed if "extra ==" not in line
    ]
    assert names == ["Django", "requests"]


def test_the_wheel_says_its_version_and_licence(wheel: Path) -> None:
    assert f"Version: {corbado_auth.__version__}" in metadata(wheel)
    assert "License-Expression: MIT" in metadata(wheel)


def metadata(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        return archive.read(name).decode().splitlines()


def test_the_sdist_holds_no_tests_and_no_example(dist: Path) -> None:
    """They need a browser, database servers and npm; packagers use the tag."""
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


def test_the_sdist_makes_the_same_wheel_as_the_tree(dist: Path) -> None:
    """``python -m build`` makes its wheel from the sdist; here is one made past it."""
    (from_sdist,) = dist.glob("*.whl")
    (from_tree,) = dist.glob("without-sdist/*.whl")
    assert contents(from_sdist) == contents(from_tree)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_package_registries_will_take_both(dist: Path) -> None:
    both = [path for path in dist.iterdir() if path.is_file()]
    assert len(both) == 2
    succeed(sys.executable, "-m", "twine", "check", "--strict", *both, cwd=dist)


def test_check_wheel_contents_finds_nothing(wheel: Path) -> None:
    succeed(sys.executable, "-m", "check_wheel_contents", wheel, cwd=ROOT)


def test_every_room_imports_without_the_extras(bare_site: Site) -> None:
    # Loaded by Django's admin, which this site has not, and by the extra.
    left_out = ("corbado_auth.admin", "corbado_auth.contrib", "corbado_auth.emulator")
    output = bare_site.succeed("-c", IMPORT_ALL, *left_out)
    assert str(bare_site.environment) in output


def test_every_room_imports_with_the_admin_and_the_emulator(
    started_site: Site, extra: Callable[[str], Path]
) -> None:
    output = started_site.succeed("-c", IMPORT_ALL, "corbado_auth.contrib", extra=extra("emulator"))
    assert str(started_site.environment) in output


@pytest.mark.parametrize("site", ["bare_site", "started_site"])
def test_a_new_site_migrates_and_has_no_errors(site: str, request: pytest.FixtureRequest) -> None:
    new_site: Site = request.getfixturevalue(site)
    new_site.succeed("-m", "django", "migrate", "--verbosity=0")
    printed = new_site.succeed("-m", "django", "check", "--fail-level=ERROR")
    assert "ERRORS" not in printed


def test_static_files_are_collected_from_the_wheel(started_site: Site) -> None:
    started_site.succeed("-m", "django", "collectstatic", "--no-input", "--verbosity=0")
    assert (started_site.folder / "static-files/corbado_auth/corbado_auth.css").is_file()


@pytest.mark.parametrize("language", HEADINGS)
def test_the_wheel_speaks(started_site: Site, language: str) -> None:
    page = started_site.succeed("-c", LOGIN_PAGE, language)
    assert f">{HEADINGS[language]}</h1>" in page


def test_the_emulator_without_its_extra_says_what_to_install(bare_site: Site) -> None:
    result = bare_site.python("-m", "django", "corbado_emulator")
    assert result.returncode != 0
    assert "django-corbado-auth[emulator]" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_emulator_starts_with_its_extra_and_no_django(
    environment: Path, extra: Callable[[str], Path]
) -> None:
    folder = extra("emulator")
    shutil.rmtree(folder / "django")
    shutil.copytree(
        next(environment.glob("lib/*/site-packages/corbado_auth")), folder / "corbado_auth"
    )
    help_text = succeed(
        *(sys.executable, "-I", "-W", "error", "-c"),
        "import runpy, sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p];"
        f" sys.path.insert(0, {str(folder)!r}); sys.argv[1:] = ['--help'];"
        " runpy.run_module('corbado_auth.emulator', run_name='__main__')",
        cwd=folder,
    )
    assert "--redirect-url" in help_text


def test_the_test_kit_without_the_extra_does_not_break_pytest(
    bare_site: Site, tmp_path: Path
) -> None:
    succeed(*UV, "pip", "install", "--quiet", "--target", tmp_path, "pytest", cwd=tmp_path)
    (bare_site.folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    assert "1 passed" in bare_site.succeed("-m", "pytest", "-q", extra=tmp_path)
