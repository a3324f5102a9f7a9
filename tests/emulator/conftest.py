"""A running emulator for every test, and a judge for every answer it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from corbado_auth.emulator import Emulator, EmulatorConfig
from tests.emulator.clients import Browser, Client, ConnectBrowser, Judge, Server
from tests.emulator.judge import describe
from tests.emulator.site import WebhookSite
from tests.plugins.strict import find_openapi

OTHER_PROJECT = ("pro-2", "corbado1_other")
NewEmulator = Callable[..., Emulator]


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Compare each answer with Corbado's description.

    Where that is not at hand, answers are only held to what each test says itself;
    ``test_openapi.py`` is left out then, and with it the test that this judge bites.
    """
    folder = find_openapi()
    return describe(folder) if folder else lambda *answer: None


@pytest.fixture(scope="module")
def _running() -> Iterator[Emulator]:
    with Emulator(EmulatorConfig(port=0, other_projects=(OTHER_PROJECT,))) as running:
        yield running


@pytest.fixture
def emulator(_running: Emulator) -> Emulator:
    """Return a running emulator with nobody in it."""
    _running.control.reset()
    return _running


@pytest.fixture
def new_emulator() -> Iterator[NewEmulator]:
    """Return the function that starts an emulator with another config."""
    started: list[Emulator] = []

    def start(**config: Any) -> Emulator:
        started.append(Emulator(EmulatorConfig(port=0, **config)))
        started[-1].start()
        return started[-1]

    yield start
    for emulator in started:
        emulator.stop()


def _client(kind: type[Client], **options: Any) -> Any:
    @pytest.fixture
    def client(emulator: Emulator, judge: Judge) -> Iterator[Client]:
        client = kind(emulator, judge, **options)
        yield client
        client.http.close()

    return client


server = _client(Server)
browser = _client(Browser)
connect = _client(ConnectBrowser)
second_browser = _client(Browser, device="Another browser")


@pytest.fixture
def webhook_site(emulator: Emulator) -> Iterator[WebhookSite]:
    """Return a site whose action webhook the emulator calls."""
    with WebhookSite() as site:
        emulator.control.project.save_config(
            {
                "webhookURL": site.url,
                "webhookUsername": "hook",
                "webhookPassword": "pass:word",
                "webhookActions": ["authMethods", "passwordVerify"],
            }
        )
        yield site
