"""Fixtures for everything that drives a browser, here and in ``tests/security`` (a pytest plugin).

``visitor`` is a person with a device that knows passkeys, ``new_visitor()`` makes more of them,
``site`` is the real example site with the emulator's own component, ``live_site`` the small test
site in this process, with the database at hand.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import inspection, servers
from tests.browser.visitor import TIMEOUT_IN_MS, Visitor
from tests.support.emulator import API_SECRET, PROJECT_ID, Emulator, run_emulator
from tests.support.worker import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

PICTURES = ROOT / "test-results"
WEB_COMPONENT = ROOT / "tests/browser/node_modules/@corbado/webcomponent/pkg/package.js"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FEATURES_OFF = [
    # Each window would load two pages for its address bar, at half a second of CPU.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    # A process for a page that nobody may open.
    "SpareRendererForSitePerProcess",
    # What Playwright switches off itself: Chromium heeds the last --disable-features alone.
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades"),
    *("LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints"),
    *("PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning"),
]
FLAGS = [
    f"--disable-features={','.join(FEATURES_OFF)}",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    # Pages of other sites, without leaving this machine.
    "--host-resolver-rules=MAP *.example.com 127.0.0.1",
]
REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the outcome, so that a fixture can take a picture of a failure."""
    report = yield
    if call.when == "call":
        item.stash[REPORT] = report
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium. Not for the whole session: Playwright's event loop occupies the
    thread as long as it runs, and other tests use asyncio there."""
    executable = _chromium()
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=TIMEOUT_IN_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Because of that loop, Django believes that this thread is asynchronous.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        started = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def new_visitor(
    request: pytest.FixtureRequest, browser: Browser
) -> Iterator[Callable[..., Visitor]]:
    """Return the function that opens a browser profile; a failed test leaves a picture of each."""
    visitors: list[Visitor] = []

    def make(*, passkeys: bool = True, **options: Any) -> Visitor:
        visitors.append(Visitor(browser.new_context(**options), passkeys=passkeys))
        return visitors[-1]

    yield make
    report = request.node.stash.get(REPORT, None)
    for number, visitor in enumerate(visitors):
        if report is not None and report.failed:
            _keep_picture(visitor, request.node.nodeid, number)
        visitor.context.close()


@pytest.fixture
def visitor_without_foreign_cookies(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Visitor]:
    """Be a person whose browser blocks third-party cookies, by its settings.

    A browser profile of its own: those of ``new_visitor`` are private windows, where the choice is
    Chromium's.
    """
    (tmp_path / "Default").mkdir()
    settings = {"profile": {"cookie_controls_mode": 1}}
    (tmp_path / "Default/Preferences").write_text(json.dumps(settings))
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=_chromium(), args=FLAGS
    )
    visitor = Visitor(context)
    yield visitor
    report = request.node.stash.get(REPORT, None)
    if report is not None and report.failed:
        _keep_picture(visitor, request.node.nodeid, 0)
    context.close()


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """Be a person with a device that knows passkeys."""
    return new_visitor()


@pytest.fixture(scope="session")
def web_component() -> Path:
    """Return the file of Corbado's own web component, installed by npm."""
    if not WEB_COMPONENT.is_file():
        pytest.skip("Corbado's web component is not here: npm ci --prefix tests/browser")
    return WEB_COMPONENT


@pytest.fixture(scope="session")
def axe() -> None:
    """Have axe-core, installed by npm."""
    if not inspection.AXE.is_file():
        pytest.skip("axe-core is not here: npm ci --prefix tests/browser")


@pytest.fixture(scope="session")
def _seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return servers.seed_database(tmp_path_factory.mktemp("seeded"))


@pytest.fixture(scope="session")
def _built_in_site(
    tmp_path_factory: pytest.TempPathFactory, _seeded: Path
) -> Iterator[servers.ExampleSite]:
    with servers.example_site(_seeded, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def _corbado_site(
    tmp_path_factory: pytest.TempPathFactory, _seeded: Path, web_component: Path
) -> Iterator[servers.ExampleSite]:
    options = ("--web-component", str(web_component))
    with servers.example_site(_seeded, tmp_path_factory.mktemp("site"), options) as running:
        yield running


@pytest.fixture
def site(_built_in_site: servers.ExampleSite) -> servers.ExampleSite:
    """Run the example site, with the emulator's own component on its pages."""
    _built_in_site.reset()
    return _built_in_site


@pytest.fixture
def corbado_site(_corbado_site: servers.ExampleSite) -> servers.ExampleSite:
    """Run the example site, with Corbado's own web component on its pages."""
    _corbado_site.reset()
    return _corbado_site


@pytest.fixture(params=["built-in", "corbado"])
def either_site(request: pytest.FixtureRequest) -> servers.ExampleSite:
    """Run a test twice: with the emulator's own component, and with Corbado's."""
    name = {"built-in": "site", "corbado": "corbado_site"}[request.param]
    return request.getfixturevalue(name)


@dataclass
class LiveSite:
    """The test site of ``tests/urls.py``, served from this process, with an emulator of its own."""

    url: str
    emulator: Emulator

    @property
    def login_url(self) -> str:
        return f"{self.url}/corbado/login/"


@pytest.fixture(scope="session")
def _live_emulator(live_server: LiveServer) -> Iterator[LiveSite]:
    url = live_server.url.replace("127.0.0.1", "localhost")
    with run_emulator(url, login_path="/corbado/login/") as running:
        yield LiveSite(url, running)


@pytest.fixture
def live_site(
    _live_emulator: LiveSite, transactional_db: None, settings: SettingsWrapper
) -> LiveSite:
    """Run the test site with an emulator; models and ``settings`` are those of this process."""
    settings.CORBADO_PROJECT_ID = PROJECT_ID
    settings.CORBADO_API_SECRET = API_SECRET
    settings.CORBADO_BACKEND_API_URL = _live_emulator.emulator.url
    settings.CORBADO_FRONTEND_API_URL = _live_emulator.emulator.url
    _live_emulator.emulator.reset()
    return _live_emulator


def _chromium() -> str:
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        pytest.skip("Chromium is not here. Debian and Ubuntu: apt-get install chromium")
    return executable


def _keep_picture(visitor: Visitor, test: str, number: int) -> None:
    PICTURES.mkdir(exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9]+", "-", test).strip("-")
    for index, page in enumerate(visitor.context.pages):
        page.screenshot(path=PICTURES / f"{name}-{number}-{index}.png")
