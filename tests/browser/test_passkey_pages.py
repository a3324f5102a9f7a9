"""The site's own pages for passkeys, with either component behind the button."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from example_project.workshop.people import CUSTOMER, DEMO_PASSWORD
from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor


@pytest.fixture
def site(either_site: ExampleSite) -> ExampleSite:
    return either_site


@pytest.fixture
def maya(site: ExampleSite, new_visitor: Callable[..., Visitor]) -> Visitor:
    """Be an existing user: in by a link to her address, now before her passkeys."""
    site.emulator.add_user(CUSTOMER.email)
    visitor = new_visitor()
    visitor.page.goto(site.login_url)
    visitor.log_in(CUSTOMER.email)
    visitor.page.goto(site.emulator.wait_for_email(CUSTOMER.email))
    visitor.action("cancel").click()
    visitor.page.get_by_role("button", name="Yes, sign me in").click()
    visitor.lands_on("/account/")
    visitor.page.goto(f"{site.url}/corbado/passkeys/")
    return visitor


def test_a_passkey_is_added_listed_and_removed(site: ExampleSite, maya: Visitor) -> None:
    maya.page.get_by_role("button", name="Add a passkey").click()
    maya.action("sign_up").click()
    maya.lands_on("/corbado/passkeys/")
    maya.sees("Your passkey was added")
    assert len(site.emulator.user(CUSTOMER.email)["passkeys"]) == 1
    maya.page.get_by_role("link", name="Rename").click()
    maya.page.get_by_role("textbox", name="Name").fill("Laptop")
    maya.page.get_by_role("button", name="Save").click()
    maya.page.get_by_role("link", name="Remove Laptop").click()
    maya.page.get_by_role("button", name="Remove").click()
    maya.sees("Your passkey was removed")
    maya.sees("You have no passkey yet")
    assert site.emulator.user(CUSTOMER.email)["passkeys"] == []


def test_the_added_passkey_signs_in(site: ExampleSite, maya: Visitor) -> None:
    maya.page.get_by_role("button", name="Add a passkey").click()
    maya.action("sign_up").click()
    maya.lands_on("/corbado/passkeys/")
    maya.page.goto(f"{site.url}/account/")
    maya.sign_out()
    maya.page.goto(site.login_url)
    maya.log_in(CUSTOMER.email)
    maya.lands_on("/account/")
    account = site.account(CUSTOMER.email)
    assert account
    assert account["username"] == CUSTOMER.username


def test_a_cancelled_ceremony_is_told_once(site: ExampleSite, maya: Visitor) -> None:
    assert maya.authenticator
    maya.authenticator.refuse()
    maya.page.get_by_role("button", name="Add a passkey").click()
    maya.action("sign_up").click()
    expect(maya.page.get_by_text("You can try again")).to_have_count(1)
    assert site.emulator.user(CUSTOMER.email)["passkeys"] == []


def test_a_user_with_a_password_adds_the_first_passkey(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(f"{site.url}/login/?next=/corbado/passkeys/")
    visitor.page.get_by_role("textbox", name="Username").fill(CUSTOMER.username)
    visitor.page.get_by_role("textbox", name="Password").fill(DEMO_PASSWORD)
    visitor.page.get_by_role("button", name="Sign in with password").click()
    visitor.page.get_by_role("button", name="Add a passkey").click()
    visitor.action("sign_up").click()
    visitor.lands_on("/corbado/passkeys/")
    assert len(site.emulator.user(CUSTOMER.email)["passkeys"]) == 1


@pytest.mark.parametrize("comes", [True, False], ids=["script comes", "script does not come"])
def test_a_script_that_does_not_come_is_told_where_a_passkey_is_added(
    maya: Visitor, comes: bool
) -> None:
    note = maya.page.get_by_text("The sign-in service did not load")
    if not comes:
        maya.page.route("**/auth.js", lambda route: route.abort())
    maya.page.get_by_role("button", name="Add a passkey").click()
    if comes:
        maya.action("sign_up").wait_for()
        expect(note).to_have_count(0)
    else:
        note.wait_for()
