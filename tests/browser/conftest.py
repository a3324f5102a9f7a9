"""Mark the tests in this folder: they all drive a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corbado_auth.testing import _corbado_for_one_test
from tests.browser.album import SITE, Album
from tests.browser.connect_visits import ADA, PASSWORD
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.support.users.factory import create_user

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def connect_site(live_site: LiveSite, settings: Any) -> LiveSite:
    """Let the site use Connect, with Ada among its users."""
    settings.CORBADO_CONNECT = True
    settings.CORBADO_CONNECT_CUSTOM_DOMAIN = live_site.emulator.url
    settings.CORBADO_CONNECT_SCRIPT_URL = f"{live_site.emulator.url}/connect/web-js.js"
    settings.CORBADO_WEBHOOK_SECRETS = ["pre-login:made-up"]
    settings.LOGIN_URL = "/own-login/"
    settings.LOGIN_REDIRECT_URL = "/home/"
    settings.LOGOUT_REDIRECT_URL = "/own-login/"
    create_user(ADA, password=PASSWORD)
    return live_site


@pytest.fixture
def album(visitor: Visitor, make_user: Callable[..., Any], db: None) -> Iterator[Album]:
    """Show every page of the package; the emulator answers them."""
    visitor.context.grant_permissions(["local-network-access"])
    with _corbado_for_one_test(SITE) as corbado:
        yield Album(visitor.page, corbado, make_user)
