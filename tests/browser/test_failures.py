"""What goes wrong is said where the person looks, and there is a way on (API notes 4.5)."""

from __future__ import annotations

import pytest

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
    if not comes:
        visitor.page.route("**/auth.js", lambda route: route.abort())
    visitor.page.goto(f"{site.url}/corbado/login/?older=yes")
    note = visitor.page.get_by_text("The sign-in service did not load")
    assert not note.is_visible()
    visitor.page.evaluate("document.getAnimations().forEach(each => each.finish())")
    assert note.is_visible() is not comes
