"""While Corbado does not answer, Chromium loads the page again by itself, and signs in."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from corbado_auth.corbado_api.guard import guard
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor

VALIDATE = "/v1/authTokens/validate"


@pytest.fixture
def waiting(live_site: LiveSite, visitor: Visitor, settings: Settings) -> Visitor:
    """Be a person whom the login page sends to the redirect view while Corbado does not answer."""
    # With the prefix `__Host-`, as over https: Chromium trusts localhost.
    settings.SESSION_COOKIE_SECURE = True
    guard.reset()
    live_site.emulator.fail(VALIDATE, status=503, retryAfter="2")
    url = live_site.emulator.issue_token(live_site.emulator.add_user("robin@example.com"))
    visitor.page.goto(live_site.login_url)
    visitor.page.evaluate(f"location = '{url}'")
    return visitor


def test_the_page_signs_in_by_itself(waiting: Visitor) -> None:
    waiting.page.get_by_text("try again by itself in 2 seconds").wait_for()
    waiting.lands_on("/account/")


def test_the_page_can_be_told_not_to(live_site: LiveSite, waiting: Visitor) -> None:
    waiting.page.get_by_role("button", name="Stop retrying").click()
    waiting.page.get_by_text("Wait half a minute").wait_for()
    waiting.page.wait_for_timeout(3000)
    assert waiting.page.get_by_role("button").count() == 0
    waiting.page.get_by_role("link", name="Try again now").click()
    waiting.lands_on("/account/")


def test_the_button_need_not_be_waited_for(waiting: Visitor) -> None:
    waiting.page.get_by_role("link", name="Try again now").click()
    waiting.lands_on("/account/")
