"""The magic link, in the tab that waits for it and in the tab that it opens (API notes 4.6 d)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "robin@example.com"
LINK_IS_DEAD = "does not work any more|has expired or is invalid"


@pytest.fixture
def site(either_site: ExampleSite) -> ExampleSite:
    either_site.emulator.add_user(EMAIL, fullName="Robin Example")
    return either_site


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """Return a visitor whose device has no passkeys: the link is the only way in."""
    return new_visitor(passkeys=False)


def ask_for_a_link(site: ExampleSite, visitor: Visitor, email: str = EMAIL) -> str:
    """Have a link sent, and return it."""
    visitor.page.goto(site.login_url)
    visitor.log_in(email)
    visitor.action("resend_email").wait_for()
    return site.emulator.wait_for_email(email)


def test_the_waiting_tab_goes_on_when_the_link_is_opened(
    site: ExampleSite, visitor: Visitor
) -> None:
    link = ask_for_a_link(site, visitor)
    visitor.tab().page.goto(link)
    visitor.lands_on("/account/")
    assert site.session(visitor.cookie("sessionid"))


def test_the_opened_tab_asks_first(
    site: ExampleSite, visitor: Visitor, new_visitor: Callable[..., Visitor]
) -> None:
    opened = new_visitor(passkeys=False)
    opened.page.goto(ask_for_a_link(site, visitor))
    opened.lands_on("/corbado/confirm/")
    assert opened.page.get_by_text(EMAIL).is_visible()


def test_the_opened_tab_goes_on_once_the_waiting_one_has_signed_in(
    site: ExampleSite, visitor: Visitor
) -> None:
    opened = visitor.tab()
    opened.page.goto(ask_for_a_link(site, visitor))
    visitor.lands_on("/account/")
    opened.lands_on("/account/")


def test_the_button_of_the_opened_tab_goes_on_too(site: ExampleSite, visitor: Visitor) -> None:
    """Where the page's script does not run, and the token of its form has changed meanwhile."""
    opened = visitor.tab()
    opened.page.route("**/confirm.js", lambda route: route.abort())
    opened.page.goto(ask_for_a_link(site, visitor))
    visitor.lands_on("/account/")
    opened.page.get_by_role("button", name="Yes, sign me in").click()
    opened.lands_on("/account/")


def test_the_same_tab_asks_first_and_goes_on(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(ask_for_a_link(site, visitor))
    visitor.lands_on("/corbado/confirm/")
    assert visitor.cookie("sessionid") is None
    visitor.page.get_by_role("button", name="Yes, sign me in").click()
    visitor.lands_on("/account/")
    assert site.session(visitor.cookie("sessionid"))


def test_both_tabs_arrive_with_one_session(site: ExampleSite, visitor: Visitor) -> None:
    opened = visitor.tab()
    opened.page.goto(ask_for_a_link(site, visitor))
    opened.lands_on("/corbado/confirm/")
    visitor.lands_on("/account/")
    key = visitor.cookie("sessionid")
    opened.page.reload()
    opened.page.get_by_role("link").or_(opened.page.get_by_role("button")).last.click()
    visitor.page.goto(f"{site.url}/account/")
    assert visitor.cookie("sessionid") == key


def test_a_link_opened_on_another_device_asks_there(
    site: ExampleSite, visitor: Visitor, new_visitor: Callable[..., Visitor]
) -> None:
    phone = new_visitor(passkeys=False)
    phone.page.goto(ask_for_a_link(site, visitor))
    phone.lands_on("/corbado/confirm/")
    visitor.lands_on("/account/")
    assert phone.cookie("sessionid") is None


def test_a_link_works_once(site: ExampleSite, visitor: Visitor) -> None:
    link = ask_for_a_link(site, visitor)
    visitor.page.goto(link)
    visitor.lands_on("/corbado/confirm/")
    visitor.page.goto(link)
    visitor.sees(LINK_IS_DEAD)


def test_a_link_runs_out_of_time(site: ExampleSite, visitor: Visitor) -> None:
    link = ask_for_a_link(site, visitor)
    site.emulator.advance(6 * 60)
    visitor.page.goto(link)
    visitor.sees(LINK_IS_DEAD)


def test_a_second_email_can_be_sent(site: ExampleSite, visitor: Visitor) -> None:
    ask_for_a_link(site, visitor)
    visitor.action("resend_email").click()
    visitor.tab().page.goto(site.emulator.wait_for_email(EMAIL, count=2))
    visitor.lands_on("/account/")


def test_an_existing_user_keeps_the_local_user(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.add_user("maya@example.com")
    link = ask_for_a_link(site, visitor, "maya@example.com")
    visitor.tab().page.goto(link)
    visitor.lands_on("/account/")
    account = site.account("maya@example.com")
    assert account
    assert account["username"] == "maya"


def test_after_the_link_a_passkey_is_added(
    site: ExampleSite, new_visitor: Callable[..., Visitor]
) -> None:
    visitor = new_visitor()
    opened = visitor.tab()
    opened.page.goto(ask_for_a_link(site, visitor))
    visitor.page.bring_to_front()  # WebAuthn wants the focus, as a person gives it.
    visitor.action("append_passkey").click()
    visitor.lands_on("/account/")
    assert len(site.emulator.user(EMAIL)["passkeys"]) == 1


def test_the_passkey_can_wait(site: ExampleSite, new_visitor: Callable[..., Visitor]) -> None:
    visitor = new_visitor()
    visitor.page.goto(ask_for_a_link(site, visitor))
    visitor.action("cancel").click()
    visitor.lands_on("/corbado/confirm/")
    assert site.emulator.user(EMAIL)["passkeys"] == []


def test_a_login_token_of_the_backend_signs_in(site: ExampleSite, visitor: Visitor) -> None:
    query = parse_qs(urlsplit(ask_for_a_link(site, visitor)).query)
    used = site.emulator.backend(
        "PUT",
        f"/v1/emailLinks/{query['corbadoEmailLinkID'][0]}/validate",
        {"token": query["corbadoToken"][0], "createLoginToken": True},
    )
    visitor.page.goto(f"{site.url}/login/?corbadoLoginToken={used['loginToken']}#login-token")
    visitor.lands_on("/corbado/confirm/")
    assert visitor.page.get_by_text(EMAIL).is_visible()


def test_an_unknown_login_token_is_told(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(f"{site.url}/login/?corbadoLoginToken={'x' * 64}#login-token")
    visitor.sees("does not work any more|either expired or not existing")


def test_a_lost_connection_does_not_end_the_waiting(site: ExampleSite, visitor: Visitor) -> None:
    link = ask_for_a_link(site, visitor)
    visitor.context.set_offline(True)
    visitor.page.wait_for_timeout(2500)  # two rounds of polling without an answer
    visitor.context.set_offline(False)
    visitor.tab().page.goto(link)
    visitor.lands_on("/account/")
