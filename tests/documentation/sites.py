"""The sites that pages are walked on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.documentation.walk import Walk
from tests.plugins.postgresql import Server
from tests.support.blocks import ROOT

if TYPE_CHECKING:
    from corbado_auth.emulator import Emulator

SHOP = Path(__file__).parent / "site"
DEMO = "example_project"
IGNORED = shutil.ignore_patterns("__pycache__", "*.sqlite3")

REACH_CORBADO = """
import os

CORBADO_PROJECT_ID = os.environ["CORBADO_PROJECT_ID"]
CORBADO_API_SECRET = os.environ["CORBADO_API_SECRET"]
CORBADO_BACKEND_API_URL = os.environ["CORBADO_BACKEND_API_URL"]
CORBADO_FRONTEND_API_URL = os.environ["CORBADO_FRONTEND_API_URL"]
CORBADO_CONNECT_CUSTOM_DOMAIN = CORBADO_FRONTEND_API_URL
"""
INCLUDE_URLS = """
from django.urls import include

urlpatterns += [path("corbado/", include("corbado_auth.urls"))]
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Run one emulator for all pages; each begins with nobody in it."""
    from corbado_auth.emulator import Emulator, EmulatorConfig

    running = Emulator(EmulatorConfig(port=0))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, emulator: Emulator) -> Path:
    """Make the shop with its 500 people once; pages get copies."""
    folder = tmp_path_factory.mktemp("shop") / "site"
    shutil.copytree(SHOP, folder, ignore=IGNORED)
    code = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('makemigrations', 'accounts', verbosity=0)\n"
        "call_command('migrate', verbosity=0)\n"
        "from accounts.people import add_people; add_people()\n"
    )
    Walk(folder, "shop", environment(emulator, "shop")).succeed(
        [sys.executable, "-c", code], "the shop"
    )
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seed the data of ``make demo`` once; pages get copies."""
    folder = tmp_path_factory.mktemp("demo")
    settings = {"EXAMPLE_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": f"{DEMO}.settings"}
    for command in ("migrate", "seed_example"):
        subprocess.run(
            [sys.executable, "manage.py", command, "--verbosity=0"],
            cwd=ROOT,
            env=os.environ | settings,
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture
def walk_on(
    request: pytest.FixtureRequest, tmp_path: Path, emulator: Emulator
) -> Callable[[str], Walk]:
    """Return the function that makes a fresh site of one of these kinds."""

    def make(site: str) -> Walk:
        emulator.control.reset()
        folder = tmp_path / "site"
        if site == "shop":
            shutil.copytree(request.getfixturevalue("shop"), folder)
            return Walk(folder, "shop", environment(emulator, "shop"))
        if site == "demo":
            data = tmp_path / "data"
            shutil.copytree(request.getfixturevalue("demo"), data)
            variables = environment(emulator, DEMO) | {"EXAMPLE_DATA_DIR": str(data)}
            return Walk(ROOT, DEMO, variables, reports=tmp_path)
        if site == "shop on PostgreSQL":
            server = postgresql(request)
            shutil.copytree(request.getfixturevalue("shop"), folder)
            variables = environment(emulator, "shop") | {"SHOP_POSTGRESQL_HOST": str(server.folder)}
            walk = Walk(folder, "shop", variables)
            walk.succeed([sys.executable, "manage.py", "migrate", "--verbosity=0"], site)
            return walk
        folder.mkdir()
        assert site in {"startproject", "members"}, f"There is no site {site!r}."
        from django.core.management import call_command

        call_command("startproject", "mysite", str(folder))
        walk = Walk(folder, "mysite", environment(emulator, "mysite"))
        if site == "members":
            walk.write("mysite/settings.py", REACH_CORBADO, at_the_end=True)
            walk.write("mysite/urls.py", INCLUDE_URLS, at_the_end=True)
        return walk

    return make


def postgresql(request: pytest.FixtureRequest) -> Server:
    """Start a server for one page."""
    try:
        server = Server()
    except pytest.UsageError as error:
        pytest.skip(str(error))
    request.addfinalizer(server.remove)
    return server


def environment(emulator: Emulator, package: str) -> dict[str, str]:
    """Return what a site's settings read from the environment."""
    return {
        "DJANGO_SETTINGS_MODULE": f"{package}.settings",
        "CORBADO_PROJECT_ID": emulator.config.project_id,
        "CORBADO_API_SECRET": emulator.config.api_secret,
        "CORBADO_BACKEND_API_URL": emulator.url,
        "CORBADO_FRONTEND_API_URL": emulator.url,
        "CORBADO_WEBHOOK_SECRETS": "corbado:made-up-password-of-the-tests",
    }
