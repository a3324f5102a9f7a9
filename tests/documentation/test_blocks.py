"""Every code block of README, tutorials and guides runs, or is on a list with a reason."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.documentation.walk import Walk, commands_of
from tests.plugins.postgresql import Server
from tests.support.blocks import ROOT, Block, blocks_of, pages, site_of

if TYPE_CHECKING:
    from corbado_auth.emulator import Emulator

# The tutorials start servers and a browser: test_tutorial.py walks them. The guides about
# deployment need nginx, TLS and django-allauth: `make deployment` runs what they show
# (tests/deployment).
TUTORIALS = {"docs/tutorial.md", "docs/tutorial-connect.md"}
WALKED_ELSEWHERE = {
    *TUTORIALS,
    "docs/how-to-behind-a-proxy.md",
    "docs/how-to-django-allauth.md",
    "docs/how-to-production.md",
}

# Page, first line of the block -> why it does not run here.
NOT_RUN = {
    ("README.md", "$ make demo"): "tests/test_demo.py runs the demo; this test run is `make test`",
    ("docs/tutorial-existing-users.md", "$ make demo"): "tests/test_demo.py runs the demo, and "
    "example_project/tests/test_tutorial.py compares the numbers",
    (
        "docs/how-to-sessions.md",
        "17 4 * * *  www-data  cd /srv/shop && venv/bin/python manage.py clearsessions",
    ): "a line for cron; the block above it runs the command",
    (
        "docs/how-to-connect.md",
        "export default async function preLogin(event) {",
    ): "runs at Corbado; tests/browser/test_connect.py runs it in Chromium",
    ("docs/how-to-api.md", "<!doctype html>"): "a page of another site: "
    "tests/browser/test_api_front_end.py opens it in Chromium",
    (
        "docs/how-to-api.md",
        "$ curl -s https://www.example.com/auth/api/sign-in/ --json '{}'",
    ): "needs a server; tests/headless makes these calls",
    ("docs/how-to-asgi.md", "# settings.py: a pool"): "needs PostgreSQL: "
    "tests/sign_in/test_uvicorn.py has such a pool",
    ("docs/how-to-asgi.md", "$ uvicorn shop.asgi:application --workers 2"): "serves until it is "
    "ended: tests/sign_in/test_uvicorn.py does that",
    (
        "docs/how-to-delete-people.md",
        "*/10 * * * *  www-data  cd /srv/shop && "
        "venv/bin/python manage.py corbado_delete_pending --yes",
    ): "a line for cron; the block above it runs the command",
}

GUIDES = [page for page in pages() if page.relative_to(ROOT).as_posix() not in WALKED_ELSEWHERE]


def is_left_out(block: Block) -> bool:
    return (block.page, block.first_line) in NOT_RUN


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDES, ids=[page.stem for page in GUIDES])
def test_every_block_of_the_page_runs(page: Path, walk_on: Callable[[str], Walk]) -> None:
    walk = walk_on(site_of(page))
    walk.known_checks |= set(re.findall(r"\bcorbado_auth\.[EW]\d{3}\b", page.read_text("utf-8")))
    for block in blocks_of(page):
        if not is_left_out(block):
            walk.run(block)
    walk.finish()


@pytest.mark.slow
def test_addresses_that_are_kept_elsewhere_link_the_one_who_proved_them(
    walk_on: Callable[[str], Walk],
) -> None:
    """The page is walked on a site without such addresses; the shop has them."""
    guide = blocks_of(ROOT / "docs/how-to-custom-user-model.md")
    (matching,) = (block for block in guide if block.first_line == "# members/matching.py")
    walk = walk_on("shop")
    walk.write("accounts/matching.py", matching.text)
    walk.write("shop/settings.py", MATCHING, at_the_end=True)
    walk.run_python(Block("here", 1, "", "python", "", MATCHING_TEST))
    walk.finish()


MATCHING = """
AUTHENTICATION_BACKENDS = ["accounts.matching.MatchByProvenAddress"]
"""
MATCHING_TEST = """
import pytest
from django.contrib.auth.models import User


@pytest.mark.django_db
def test_matching(corbado, client):
    proved, claims = User.objects.create_user("proved"), User.objects.create_user("claims")
    proved.emailaddress_set.create(email="erin@example.com", verified=True)
    claims.emailaddress_set.create(email="erin@example.com", verified=False)
    corbado.sign_in(client, corbado.add_user("erin@example.com"))
    assert client.session["_auth_user_id"] == str(proved.pk)
"""


# What the guides about deployment change on the reader's machine, and the tests have in a folder of
# their own; all other commands are run by `make deployment`, with other paths and ports.
CHANGES_THE_MACHINE = ("echo '127.0.0.1", "sudo install", "export ")
RUN_BY_MAKE_DEPLOYMENT = (
    *("openssl ", "mkdir -p ~/.pki", "certutil ", "python -m corbado_auth.emulator "),
    *("python manage.py check --deploy", "python manage.py corbado_doctor --origin "),
    *("python manage.py migrate", "python manage.py dumpdata "),
    *("DJANGO_SETTINGS_MODULE=shop.production python manage.py migrate",),
    *("DJANGO_SETTINGS_MODULE=shop.production python manage.py loaddata ",),
)
DEPLOYMENT = [
    block
    for page in pages()
    if page.relative_to(ROOT).as_posix() in WALKED_ELSEWHERE - TUTORIALS
    for block in blocks_of(page)
]


@pytest.mark.parametrize("block", DEPLOYMENT, ids=str)
def test_what_a_guide_about_deployment_shows_is_run_there(block: Block) -> None:
    if block.language == "console":
        known = (*CHANGES_THE_MACHINE, *RUN_BY_MAKE_DEPLOYMENT)
        assert all(command.startswith(known) for command, _shown in commands_of(block))
    else:
        # tests/documentation/test_deployment.py compares these with the files that are deployed.
        assert block.language in {"python", "nginx", "html"}


def test_whatever_is_left_out_is_there() -> None:
    there = {(block.page, block.first_line) for page in pages() for block in blocks_of(page)}
    assert NOT_RUN.keys() <= there


def test_a_block_that_nothing_runs_is_noticed(tmp_path: Path) -> None:
    walk = Walk(tmp_path, "mysite", {})
    block = Block("page.md", 1, "", "text", "", "anything\n")
    with pytest.raises(AssertionError, match="nothing runs text blocks"):
        walk.run(block)


def test_a_command_that_nothing_runs_is_noticed(tmp_path: Path) -> None:
    walk = Walk(tmp_path, "mysite", {})
    block = Block("page.md", 1, "", "console", "", "$ rm -rf everything\n")
    with pytest.raises(AssertionError, match="who runs"):
        walk.run(block)


def test_output_that_differs_is_noticed(tmp_path: Path) -> None:
    walk = Walk(tmp_path, "mysite", {})
    block = Block("page.md", 1, "", "console", "", '$ python -c "print(1 + 1)"\n3\n')
    with pytest.raises(AssertionError, match="shown"):
        walk.run(block)


# The sites that pages are walked on --------------------------------------------------------------

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
