"""Login CSRF on a site that is reached over plain http, as many an intranet is.

Outside localhost browsers send no Sec-Fetch header there, so intent and Referer have to do. What
the network itself could do to plain http is not ours to solve.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session

from tests.browser.fixtures import CHROMIUM, FLAGS, LiveSite
from tests.browser.visitor import Visitor
from tests.security.attackers_site import AttackersSite
from tests.security.urls_user_content import POSTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.security,
    pytest.mark.browser,
    pytest.mark.urls("tests.security.urls_user_content"),
]

NAMES = "--host-resolver-rules=MAP *.example 127.0.0.1"
SITE = "http://site.example"


@pytest.fixture(scope="module")
def evil() -> Iterator[AttackersSite]:
    with AttackersSite() as site:
        yield site


@pytest.fixture(scope="module")
def browser_with_names(browser: Browser) -> Iterator[Browser]:
    """Run a second browser, for which *.example is this machine."""
    executable = next(filter(None, map(shutil.which, CHROMIUM)))
    started = browser.browser_type.launch(executable_path=executable, args=[*FLAGS, NAMES])
    yield started
    started.close()


@pytest.fixture
def site(live_site: LiveSite, settings: Any) -> str:
    settings.ALLOWED_HOSTS = ["*"]
    return live_site.url.replace("http://localhost", SITE)


@pytest.fixture
def visitor(browser_with_names: Browser) -> Iterator[Visitor]:
    """Be a victim at http://site.example."""
    visitor = Visitor(browser_with_names.new_context(), passkeys=False)
    yield visitor
    visitor.context.close()


def token_url(live_site: LiveSite, email: str) -> str:
    user = live_site.emulator.add_user(email)
    return live_site.emulator.issue_token(user).replace("http://localhost", SITE)


@pytest.fixture
def attack(live_site: LiveSite) -> str:
    return token_url(live_site, "mallory@example.org")


def is_asked(visitor: Visitor) -> None:
    visitor.lands_on("/corbado/confirm/")
    assert visitor.page.get_by_text("mallory@example.org").is_visible()
    assert not Session.objects.exists()


def test_from_our_login_page_is_silent(live_site: LiveSite, site: str, visitor: Visitor) -> None:
    url = token_url(live_site, "robin@example.com")
    visitor.page.goto(f"{site}/corbado/login/")
    with visitor.page.expect_request("**/corbado/redirect/**") as came_back:
        visitor.page.evaluate("url => { location = url }", url)
    visitor.lands_on("/account/")
    assert Session.objects.count() == 1
    assert "sec-fetch-site" not in came_back.value.all_headers()


def test_a_link_on_another_site(site: str, visitor: Visitor, attack: str, evil: Any) -> None:
    visitor.page.goto(f"{site}/corbado/login/")
    visitor.page.goto(evil.page(f"<a href='{attack}'>x</a>", host="evil.example"))
    visitor.page.click("a")
    is_asked(visitor)


@pytest.mark.parametrize("rel", ["", "noreferrer"])
def test_a_link_in_user_content(site: str, visitor: Visitor, attack: str, rel: str) -> None:
    visitor.page.goto(f"{site}/corbado/login/")
    POSTS["of-mallory"] = f"<a href='{attack}' rel='{rel}'>x</a>", {}
    visitor.page.goto(f"{site}/posts/of-mallory/")
    visitor.page.click("a")
    is_asked(visitor)


def test_a_browser_that_never_opened_our_login_page_spends_nothing(
    live_site: LiveSite, site: str, visitor: Visitor, attack: str
) -> None:
    """It looks like a mail scanner: no intent, no Sec-Fetch header."""
    answer = visitor.page.goto(attack)
    assert answer is not None
    assert answer.status == 403
    assert visitor.page.get_by_role("link", name="Start sign-in").is_visible()
    asked = [call["path"] for call in live_site.emulator.requests]
    assert "/v1/authTokens/validate" not in asked
