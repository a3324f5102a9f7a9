"""Corbado Connect on pages of the site, with the emulator's component and a virtual device."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from corbado_auth.models import ConnectAccount
from example_project.workshop.people import CUSTOMER, DEMO_PASSWORD
from tests.browser.connect_visits import (
    ADA,
    PASSWORD,
    add_passkey,
    calls,
    name_field,
    sign_out,
    switch,
    use_password,
)
from tests.browser.fixtures import LiveSite
from tests.browser.inspection import flaws, flaws_within
from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor
from tests.support.users.factory import create_user
from tests.support.vouching import ours

pytestmark = [pytest.mark.urls("tests.browser.urls"), pytest.mark.browser]


def test_a_password_user_adds_a_passkey_and_autofill_signs_in(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    add_passkey(connect_site, visitor)
    assert calls(connect_site, "/v2/connectTokens") == 1
    sign_out(visitor)
    # The browser offers the passkey in the field, and the virtual device takes the offer.
    visitor.lands_on("/home/")
    visitor.sees(f"Hello {ADA}")
    account = ConnectAccount.objects.get()
    assert (account.user.email, account.sign_in_count) == (ADA, 1)
    # People who have a passkey are not asked again, and cost no token.
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.page.locator("[data-corbado-connect]").count() == 0
    assert calls(connect_site, "/v2/connectTokens") == 1


def test_a_typed_address_signs_in(connect_site: LiveSite, visitor: Visitor) -> None:
    switch(
        connect_site,
        conditionalUI=False,
        identifierURL=f"{connect_site.url}/corbado/webhooks/connect/identifier/",
        identifierCredentials="pre-login:made-up",
    )
    add_passkey(connect_site, visitor)
    sign_out(visitor)
    visitor.input("identifier").fill(ADA)
    visitor.action("continue").click()
    visitor.lands_on("/home/")
    visitor.sees(f"Hello {ADA}")


def test_an_address_without_a_passkey_leads_to_the_password(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    switch(
        connect_site,
        identifierURL=f"{connect_site.url}/corbado/webhooks/connect/identifier/",
        identifierCredentials="pre-login:made-up",
    )
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.input("identifier").fill(ADA)
    visitor.action("continue").click()
    expect(visitor.page.locator("[name=password]")).to_be_focused()
    expect(name_field(visitor)).to_have_value(ADA)
    visitor.sees("Use your password, or try again")


def test_our_refusal_leads_to_the_password_and_says_why(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    add_passkey(connect_site, visitor)
    get_user_model().objects.update(is_active=False)
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.action("one_tap").click()
    expect(visitor.page.get_by_text("You cannot sign in with this passkey here")).to_be_visible()
    expect(visitor.page.locator("[name=password]")).to_be_visible()
    assert ConnectAccount.objects.get().sign_in_count == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda route: route.abort(), id="no network"),
        pytest.param(lambda route: route.fulfill(status=502, body="<h1>Oops"), id="no JSON"),
        pytest.param(lambda route: route.fulfill(status=200, body="<h1>Hello"), id="a page"),
    ],
)
def test_a_site_that_does_not_answer_leads_to_the_password(
    connect_site: LiveSite, visitor: Visitor, answer: Callable[[Any], None]
) -> None:
    add_passkey(connect_site, visitor)
    visitor.page.route("**/connect/login/", answer)
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.action("one_tap").click()
    visitor.sees("Something went wrong. Reload the page, or use your password")
    expect(visitor.page.locator("[name=password]")).to_be_focused()
    expect(name_field(visitor)).to_have_value(ADA)


def test_a_passkey_confirms_who_is_signed_in(connect_site: LiveSite, visitor: Visitor) -> None:
    add_passkey(connect_site, visitor)
    switch(connect_site, conditionalUI=False)
    visitor.page.goto(f"{connect_site.url}/corbado/connect/confirm/?next=/account/")
    visitor.action("one_tap").click()
    visitor.lands_on("/account/")
    assert ConnectAccount.objects.get().sign_in_count == 1


def test_another_users_passkey_confirms_nothing(connect_site: LiveSite, visitor: Visitor) -> None:
    """Two people share a computer, which has a passkey of each."""
    add_passkey(connect_site, visitor)
    switch(connect_site, conditionalUI=False)
    bob = create_user("bob@example.com", password=PASSWORD)
    ConnectAccount.objects.update(user=bob)
    visitor.page.goto(f"{connect_site.url}/corbado/connect/confirm/?next=/account/")
    visitor.action("one_tap").click()
    visitor.sees("You cannot sign in with this passkey here")
    expect(visitor.page.get_by_role("link", name="Sign in another way")).to_be_visible()
    assert ConnectAccount.objects.get().sign_in_count == 0


def test_the_password_is_reached_by_keyboard(connect_site: LiveSite, visitor: Visitor) -> None:
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.input("identifier").wait_for()
    button = visitor.page.get_by_role("button", name="Use your password")
    button.focus()
    visitor.page.keyboard.press("Enter")
    expect(name_field(visitor)).to_be_focused()


def test_the_password_works_without_javascript(
    connect_site: LiveSite, new_visitor: Callable[..., Visitor]
) -> None:
    visitor = new_visitor(passkeys=False, java_script_enabled=False)
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.sees("needs JavaScript. You can use your password")
    expect(visitor.page.get_by_role("button", name="Use your password")).to_be_hidden()
    use_password(connect_site, visitor)


def test_a_visitor_left_out_by_corbado_sees_only_the_password(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    switch(connect_site, loginKillSwitchActive=True)
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.page.wait_for_load_state("networkidle")
    expect(visitor.page.locator("[data-place]")).to_be_hidden()
    expect(visitor.page.locator("[data-note]")).to_be_empty()


def test_sign_out_makes_the_component_forget_the_person(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    add_passkey(connect_site, visitor)
    kept = "Object.keys(localStorage).filter((key) => key.startsWith('cbo_connect_last_login'))"
    assert visitor.page.evaluate(kept)
    visitor.page.evaluate("localStorage.username = 'ada@example.com'")
    switch(connect_site, conditionalUI=False)
    sign_out(visitor)
    visitor.input("identifier").wait_for()
    assert visitor.page.evaluate(kept) == []
    assert visitor.page.evaluate("localStorage.username") is None
    assert visitor.cookie("corbado_auth_signed_out") is None


def test_a_second_tab_signs_in_with_the_newest_csrf_token(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    add_passkey(connect_site, visitor)
    switch(connect_site, conditionalUI=False)
    visitor.context.clear_cookies()
    tab = visitor.tab()
    tab.page.goto(f"{connect_site.url}/own-login/")
    tab.action("one_tap").wait_for()
    use_password(connect_site, visitor)
    tab.action("one_tap").click()
    tab.lands_on("/home/")


def test_a_second_tab_without_the_newest_csrf_token_is_told_to_reload(
    connect_site: LiveSite, visitor: Visitor, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CSRF_COOKIE_HTTPONLY = True
    add_passkey(connect_site, visitor)
    switch(connect_site, conditionalUI=False)
    tab = visitor.tab()
    tab.page.goto(f"{connect_site.url}/own-login/")
    tab.action("one_tap").wait_for()
    use_password(connect_site, visitor)
    tab.action("one_tap").click()
    tab.sees("This page is outdated. Reload it and try again")
    assert "csrf" in {record.reason for record in ours(caplog)}
    tab.page.reload()
    tab.action("one_tap").click()
    tab.lands_on("/home/")


def test_no_script_runs_but_by_the_nonce(connect_site: LiveSite, visitor: Visitor) -> None:
    refused: list[str] = []
    visitor.page.on("console", lambda line: refused.append(line.text))
    add_passkey(connect_site, visitor)
    sign_out(visitor)
    visitor.lands_on("/home/")
    assert [line for line in refused if re.search("Content.Security.Policy", line)] == []


def test_the_action_of_the_guide_asks_as_our_endpoint_wants_it(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    """At Corbado it runs on a server; here a page of the site's stands in, by its address."""
    # Not at the top: where the built package is tested, the documentation's tests stay behind.
    from tests.support.blocks import ROOT, blocks_of

    guide = ROOT / "docs/how-to-connect.md"
    (block,) = (each for each in blocks_of(guide) if each.text.startswith("export default"))
    script = block.text.replace("https://www.example.com", connect_site.url)
    script = script.replace("pre-login:the password", "pre-login:made-up")
    script = script.replace("export default ", "").strip()
    handle = ConnectAccount.objects.get_or_link(get_user_model().objects.get()).handle
    visitor.page.goto(f"{connect_site.url}/corbado/login/")
    for typed, expected in ((ADA, handle), ("nobody@example.com", "")):
        answer = visitor.page.evaluate(f"({script})({{identifier: '{typed}'}})")
        assert answer["body"]["identifier"] == expected


@pytest.mark.usefixtures("axe")
def test_the_pages_are_for_everybody(connect_site: LiveSite, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"{connect_site.url}/corbado/login/?next=/home/")
    visitor.input("identifier").wait_for()
    assert flaws(page) == []
    name_field(visitor).fill(ADA)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in with password").click()
    visitor.action("create_passkey").wait_for()
    assert flaws_within(page, ".corbado-connect") == []
    for path in ("passkeys", "confirm"):
        page.goto(f"{connect_site.url}/corbado/connect/{path}/")
        page.locator("[data-place] > *").first.wait_for()
        page.wait_for_load_state("networkidle")
        assert flaws(page) == [], path


def test_the_example_site_shows_both_products(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(f"{site.url}/login/")
    visitor.page.get_by_role("link", name="Connect, for a new project").click()
    visitor.lands_on("/login/connect/")
    name_field(visitor).fill(CUSTOMER.username)
    visitor.page.locator("[name=password]").fill(DEMO_PASSWORD)
    visitor.page.get_by_role("button", name="Sign in with password").click()
    visitor.lands_on("/my-bookings/")
    visitor.action("create_passkey").click()
    visitor.action("continue").click()
    visitor.sees("Your passkey was added")
    visitor.page.goto(f"{site.url}/account/")
    visitor.sees("Your passkeys at Connect")


def test_the_way_back_asks_the_server_anew(connect_site: LiveSite, visitor: Visitor) -> None:
    add_passkey(connect_site, visitor)
    switch(connect_site, conditionalUI=False)
    visitor.page.goto(f"{connect_site.url}/own-login/?next=/account/")
    visitor.action("one_tap").click()
    visitor.lands_on("/account/")
    visitor.page.go_back()
    visitor.action("one_tap").click()
    visitor.lands_on("/account/")


def test_the_way_back_to_a_wrong_password_does_not_send_it_again(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    visitor.page.goto(f"{connect_site.url}/own-login/?next=/home/#form")
    name_field(visitor).fill(ADA)
    visitor.page.locator("[name=password]").fill("wrong")
    visitor.page.get_by_role("button", name="Sign in with password").click()
    visitor.sees("Please enter a correct")
    # Only some browsers keep a page that answered a form: this is what they say of it.
    kept = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    with visitor.page.expect_request(re.compile("/own-login/")) as request:
        visitor.page.evaluate(f"void {kept}")
    assert request.value.method == "GET"


def test_a_handle_is_not_put_into_the_password_form(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    """Whether Corbado's one-tap button names the handle is open (API notes C.7)."""
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.input("identifier").fill("0123456789abcdef" * 2)
    visitor.action("continue").click()
    expect(name_field(visitor)).to_be_focused()
    expect(name_field(visitor)).to_have_value("")


def test_a_name_that_corbado_does_not_know_can_be_corrected(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    switch(connect_site, fallback="user_not_found")
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.input("identifier").fill("adda@example.com")
    visitor.action("continue").click()
    visitor.sees("Check what you typed")
    expect(visitor.input("identifier")).to_be_visible()
    expect(name_field(visitor)).to_have_value("adda@example.com")


def test_a_code_of_the_sites_own_leads_to_the_password(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    switch(connect_site, fallback="locked_by_the_shop")
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.input("identifier").fill(ADA)
    visitor.action("continue").click()
    expect(visitor.page.locator("[name=password]")).to_be_focused()
    visitor.sees("Use your password, or try again")
