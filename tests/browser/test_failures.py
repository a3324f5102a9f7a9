"""Errors are shown where the person looks, with a way to continue (API notes 4.5)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from example_project.workshop.people import CUSTOMER, DEMO_PASSWORD
from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "robin@example.com"
UNKNOWN = "no account with this|user doesn't exist"


@pytest.fixture
def site(either_site: ExampleSite) -> ExampleSite:
    return either_site


def test_an_unknown_address_is_told_beside_the_field(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.sees(UNKNOWN)


def test_a_taken_address_is_told_beside_the_field(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.add_user(EMAIL)
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.sees("already")
    assert len(site.emulator.state["users"]) == 1


def test_too_many_attempts_have_a_page_of_their_own(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.input("username").wait_for()
    site.emulator.limit_rate(1)
    visitor.log_in(EMAIL)
    visitor.sees(UNKNOWN)
    visitor.log_in(EMAIL)
    visitor.sees("too many")
    assert visitor.page.url.endswith("#too-many-requests")


@pytest.mark.parametrize("status", [500, 422])
def test_an_error_of_the_server_is_told(site: ExampleSite, visitor: Visitor, status: int) -> None:
    site.emulator.fail("/v1/users/authmethods", status=status)
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.sees("Something went wrong|integration error")


def test_a_dropped_connection_is_told(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.fail("/v1/users/authmethods", drop=True, times=0)
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.sees("No connection|Network error")


def test_a_project_that_does_not_answer_still_gets_a_login_page(
    site: ExampleSite, visitor: Visitor
) -> None:
    site.emulator.add_user(EMAIL)
    site.emulator.fail("/v1/projects/projectConfig", status=404)
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.action("resend_email").wait_for()


@pytest.mark.parametrize("comes", [True, False], ids=["script comes", "script does not come"])
def test_a_script_of_corbados_that_does_not_come_is_told_after_a_while(
    site: ExampleSite, visitor: Visitor, comes: bool
) -> None:
    visitor.page.clock.install(time=0)
    visitor.page.clock.pause_at(1)
    if not comes:
        visitor.page.route("**/auth.js", lambda route: None)  # It hangs.
    visitor.page.goto(f"{site.url}/corbado/login/?older=yes", wait_until="domcontentloaded")
    expect(visitor.page.locator("input[type=password]")).to_be_visible()
    note = visitor.page.get_by_text("The sign-in service did not load")
    expect(note).to_have_count(0)
    if comes:
        visitor.page.locator("corbado-auth:defined").wait_for(state="attached")
    visitor.page.clock.run_for(8_100)
    expect(note).to_have_count(0 if comes else 1)


def test_a_script_of_corbados_that_is_blocked_is_told_at_once(
    site: ExampleSite, visitor: Visitor
) -> None:
    visitor.page.route("**/auth.js", lambda route: route.abort())
    visitor.page.goto(f"{site.url}/corbado/login/?older=yes")
    visitor.page.get_by_text("The sign-in service did not load").wait_for()


def test_a_script_of_corbados_that_hangs_holds_up_no_form_of_the_sites_own_page(
    site: ExampleSite, visitor: Visitor
) -> None:
    held: list[Any] = []
    visitor.page.route("**/auth.js", lambda route: held.append(route))
    visitor.page.goto(site.login_url, wait_until="domcontentloaded")
    visitor.page.locator("input[name=username]").fill(CUSTOMER.username)
    visitor.page.locator("input[type=password]").fill(DEMO_PASSWORD)
    visitor.page.locator("input[type=password]").press("Enter")
    visitor.lands_on("/account/")
    assert held
