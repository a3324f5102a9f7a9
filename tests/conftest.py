"""Fixtures for every test: no call leaves the machine, and no skip goes unnoticed."""

from __future__ import annotations

import ipaddress
import math
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from pytest_django import Settings

from corbado_auth import switch, throttle
from corbado_auth.corbado_api.guard import guard
from tests.support.users.factory import create_user

pytest_plugins = [
    "pytester",
    "tests.browser.fixtures",
    "tests.plugins.database_server",
    "tests.plugins.isolation",
    "tests.plugins.mariadb",
    "tests.plugins.postgresql",
    "tests.plugins.strict",
    "tests.plugins.wire",
]

# A busy machine is slow, and speed is not what the property tests are about.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: no worker should begin one when all else is done."""
    long = {item.path for item in items if any(map(item.get_closest_marker, ("browser", "slow")))}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture
def make_user(db: None) -> Callable[..., AbstractBaseUser]:
    """Return the function that saves a local user of the site's user model."""
    return create_user


@pytest.fixture
def same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of the counters, whose minute must not end in the middle of a test."""
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: 1_750_000_020.0))


@pytest.fixture
def use_password_backends(settings: Settings) -> Callable[..., None]:
    """Return the function that gives the site these backends, and ours unless it is one of them."""

    from tests.support.backends import OURS, named  # Needs the models of the site.

    def use(*backends: type | str) -> None:
        paths = [each if isinstance(each, str) else named(each) for each in backends]
        settings.AUTHENTICATION_BACKENDS = paths if OURS in paths else [*paths, OURS]

    return use


@pytest.fixture(autouse=True)
def _corbado_never_failed() -> None:
    """Forget how the Corbado of the test before failed."""
    guard.reset()


@pytest.fixture(autouse=True)
def _switch_has_been_read() -> None:
    """Let each process know the switch, as after any first page, so that queries can be counted."""
    switch._memory.known = defaultdict(lambda: (math.inf, True))
    switch._memory.unsettled_until = 0.0


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse connections to anything but this machine: no test may reach the real Corbado."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"A test tried to connect to {address[0]}.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
