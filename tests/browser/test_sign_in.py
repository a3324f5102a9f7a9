"""Sign up and in with a passkey, as a person does, with either component (API notes 4.6 a to c)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "robin@example.com"


@pytest.fixture
def site(either_site: ExampleSite) -> ExampleSite:
    return either_site


@pytest.fixture
def member(site: ExampleSite, visitor: Visitor) -> Visitor:
    """Be someone who signed up with a passkey, and signed out again."""
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.lands_on("/account/")
    visitor.sign_out()
    return visitor


def test_a_sign_up_with_a_passkey_lands_in_a_database_session(
    site: ExampleSite, visitor: Visitor
) -> None:
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL, name="Robin Example")
    visitor.lands_on("/account/")
    assert visitor.page.get_by_text("Corbado vouched for you").is_visible()
    assert site.session(visitor.cookie("sessionid"))
    assert [user["fullName"] for user in site.emulator.state["users"]] == ["Robin Example"]


def test_signing_out_ends_the_session_in_the_database(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.lands_on("/account/")
    key = visitor.cookie("sessionid")
    visitor.sign_out()
    assert site.session(key) is None


@pytest.mark.parametrize(
    ("stored", "is_forgotten"), [(EMAIL, True), ('{"name": "robin", "via": "a@b"}', False)]
)
def test_the_page_after_signing_out_deletes_the_address_and_no_value_of_the_sites(
    site: ExampleSite, visitor: Visitor, stored: str, is_forgotten: bool
) -> None:
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.lands_on("/account/")
    assert visitor.page.evaluate("localStorage.username") == EMAIL
    visitor.page.evaluate("value => localStorage.username = value", stored)
    visitor.sign_out()
    visitor.page.wait_for_load_state()
    visitor.lands_on("/")
    kept = visitor.page.evaluate("localStorage.getItem('username')")
    assert kept == (None if is_forgotten else stored)
    assert visitor.cookie("corbado_auth_signed_out") is None


def test_the_passkey_signs_in_again(site: ExampleSite, member: Visitor) -> None:
    member.page.goto(site.login_url)
    member.log_in(EMAIL)
    member.lands_on("/account/")
    assert member.page.get_by_text("Sign-ins").locator("xpath=..").inner_text().endswith("2")
    assert site.session(member.cookie("sessionid"))


def test_the_passkey_is_offered_inside_the_username_field(
    site: ExampleSite, member: Visitor
) -> None:
    offer_passkeys_in_field(member)
    member.page.goto(site.login_url)
    member.lands_on("/account/")
    assert "POST /v1/users/passkey/mediation/start" in site.emulator.calls()
    assert site.session(member.cookie("sessionid"))


def test_a_device_without_passkeys_signs_up_by_email(
    site: ExampleSite, new_visitor: Callable[..., Visitor]
) -> None:
    visitor = new_visitor(passkeys=False)
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.action("resend_email").wait_for()
    opened = visitor.tab()
    opened.page.goto(site.emulator.wait_for_email(EMAIL))
    visitor.lands_on("/account/")
    assert site.account(EMAIL)


def test_a_cancelled_sign_up_goes_on_by_email(site: ExampleSite, visitor: Visitor) -> None:
    assert visitor.authenticator
    visitor.authenticator.refuse()
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.action("resend_email").wait_for()
    assert (
        visitor.page.get_by_text("account has not been confirmed")
        .or_(visitor.page.get_by_text("account is not confirmed"))
        .is_visible()
    )
    assert site.emulator.user(EMAIL)["status"] == "pending"
    assert site.emulator.wait_for_email(EMAIL).startswith(site.url)


def test_a_cancelled_login_goes_on_by_email(site: ExampleSite, member: Visitor) -> None:
    assert member.authenticator
    member.authenticator.refuse()
    member.page.goto(site.login_url)
    member.log_in(EMAIL)
    member.action("resend_email").wait_for()
    member.tab().page.goto(site.emulator.wait_for_email(EMAIL))
    member.lands_on("/account/")


def test_a_removed_passkey_goes_on_by_email(site: ExampleSite, member: Visitor) -> None:
    user = site.emulator.user(EMAIL)
    member.page.goto(site.login_url)
    # Removed while the person looks at the dialogue: it signs, and nobody knows it.
    member.page.route(
        "**/v1/users/passkey/login/finish",
        lambda route: (remove_passkey(site, user), route.continue_()),
    )
    member.log_in(EMAIL)
    member.action("resend_email").wait_for()
    assert site.emulator.wait_for_email(EMAIL)


def remove_passkey(site: ExampleSite, user: dict) -> None:
    passkey = user["passkeys"][0]["ID"]
    site.emulator.backend("DELETE", f"/v1/users/{user['ID']}/credentials/{passkey}", {})


def offer_passkeys_in_field(visitor: Visitor) -> None:
    """Give the login page the parsed markup of ``{% corbado_auth conditional="yes" %}``."""
    visitor.page.add_init_script("""
        new MutationObserver((_, observer) => {
          const element = document.querySelector("corbado-auth");
          if (!element) return;
          observer.disconnect();
          element.setAttribute("conditional", "yes");
          const input = document.createElement("input");
          Object.assign(input, { id: "corbado-username", autocomplete: "username webauthn" });
          element.append(input);
        }).observe(document, { childList: true, subtree: true });
    """)
