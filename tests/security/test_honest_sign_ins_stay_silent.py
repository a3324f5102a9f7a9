"""Honest people do not see the confirm page, or they would learn to click it away.

Each way in, in a real browser, on sites whose cookies and policies differ: the passkey, conditional
UI, the tab that asked for a magic link, a second tab. Only the tab that the magic link opens asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor

pytestmark = [
    pytest.mark.security,
    pytest.mark.browser,
    pytest.mark.urls("tests.browser.urls"),
]

EMAIL = "robin@example.com"
# SESSION_COOKIE_SAMESITE, SESSION_COOKIE_SECURE, Referrer-Policy of the whole site.
SITES = {
    "Lax": ("Lax", False, None),
    "Strict": ("Strict", False, None),
    "None, so Secure": ("None", True, None),
    "no-referrer everywhere": ("Lax", False, "no-referrer"),
    "Strict and no-referrer": ("Strict", False, "no-referrer"),
}


@pytest.fixture(params=SITES.values(), ids=SITES)
def any_site(
    request: pytest.FixtureRequest,
    live_site: LiveSite,
    settings: Any,
    site_policies: Callable[..., None],
) -> LiveSite:
    """Run the test site with other cookies and policies, one after the other."""
    same_site, secure, policy = request.param
    settings.SESSION_COOKIE_SAMESITE = settings.CSRF_COOKIE_SAMESITE = same_site
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = secure
    if policy:
        site_policies(referrer_policy=policy)
    return live_site


def paths_of(visitor: Visitor) -> list[str]:
    """Record every page of ours that the visitor's tabs see from now on."""
    seen: list[str] = []
    visitor.context.on("response", lambda answer: seen.append(answer.url.partition("?")[0]))
    return seen


def is_silent(seen: list[str]) -> bool:
    return any(url.endswith("/corbado/redirect/") for url in seen) and not any(
        url.endswith("/corbado/confirm/") for url in seen
    )


def test_a_passkey_and_conditional_ui_and_a_second_tab(
    any_site: LiveSite, visitor: Visitor
) -> None:
    seen = paths_of(visitor)
    visitor.page.goto(any_site.login_url)
    visitor.sign_up(EMAIL)
    visitor.lands_on("/account/")
    assert is_silent(seen)

    second = visitor.tab()
    second.page.goto(any_site.login_url)
    second.log_in(EMAIL)
    second.lands_on("/account/")
    assert is_silent(seen)
    assert Session.objects.count() == User.objects.count() == 1

    visitor.context.clear_cookies(name="sessionid")
    # The browser offers the passkey inside the field, and its owner takes it.
    second.page.goto(f"{any_site.url}/strict-login/")
    second.lands_on("/account/")
    assert is_silent(seen)
    assert User.objects.count() == 1


def test_a_magic_link_is_silent_where_it_was_asked_for_and_asks_where_it_is_opened(
    any_site: LiveSite, new_visitor: Callable[..., Visitor]
) -> None:
    any_site.emulator.add_user(EMAIL)
    asks, opens = new_visitor(passkeys=False), new_visitor(passkeys=False)
    seen = paths_of(asks)
    asks.page.goto(any_site.login_url)
    asks.log_in(EMAIL)
    opens.page.goto(any_site.emulator.wait_for_email(EMAIL))
    opens.lands_on("/corbado/confirm/")
    asks.lands_on("/account/")
    assert is_silent(seen)
    assert Session.objects.count() == 1
    opens.page.get_by_role("button", name="Yes, sign me in").click()
    opens.lands_on("/account/")
    assert Session.objects.count() == 2


def test_a_magic_link_of_the_person_who_is_signed_in_asks_nothing(
    any_site: LiveSite, new_visitor: Callable[..., Visitor]
) -> None:
    robin = any_site.emulator.add_user(EMAIL)
    visitor = new_visitor(passkeys=False)
    visitor.page.goto(any_site.login_url)
    visitor.page.evaluate("url => { location = url }", any_site.emulator.issue_token(robin))
    visitor.lands_on("/account/")
    visitor.page.goto(any_site.login_url)
    visitor.log_in(EMAIL)
    link = any_site.emulator.wait_for_email(EMAIL)
    seen = paths_of(visitor)
    visitor.page.goto("about:blank")
    visitor.page.goto(link)
    visitor.lands_on("/account/")
    assert is_silent(seen)
