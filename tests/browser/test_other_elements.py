"""The smaller elements of the component (API notes 4.7), both the emulator's and Corbado's."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "robin@example.com"
REPLACE_PAGE = """([markup, source]) => {
  document.querySelector("main").innerHTML = markup;
  const script = document.createElement("script");
  script.src = source;
  document.body.append(script);
}"""


@pytest.fixture
def site(either_site: ExampleSite) -> ExampleSite:
    return either_site


def show(site: ExampleSite, visitor: Visitor, tag: str, content: str, more: str = "") -> None:
    """Have an element on a page of the site."""
    visitor.page.goto(site.url)
    address = f'project-id="pro-1" endpoint="{site.emulator.url}"'
    markup = f"<{tag} {address} {more}>{content}</{tag}>"
    visitor.page.evaluate(REPLACE_PAGE, [markup, f"{site.emulator.url}/auth.js"])
    visitor.page.wait_for_function("(tag) => customElements.get(tag)", arg=tag)


def test_terms_have_to_be_accepted(site: ExampleSite, visitor: Visitor) -> None:
    terms = (
        '<input id="corbado-username"><div slot="signupFields">'
        '<corbado-checkbox name="terms" error-message="Please accept the terms.">I accept'
        "</corbado-checkbox></div>"
    )
    show(site, visitor, "corbado-auth", terms, 'conditional="yes"')
    visitor.sign_up(EMAIL)
    visitor.sees("Please accept the terms.")
    assert site.emulator.state["users"] == []
    visitor.page.locator("corbado-checkbox input").check()
    visitor.action("sign_up").click()
    visitor.lands_on("/corbado/confirm/")


def test_the_logout_handler_goes_on(site: ExampleSite, visitor: Visitor) -> None:
    more = 'redirect-url="/login/"'
    show(site, visitor, "corbado-logout-handler", "<button>Leave</button>", more)
    visitor.page.get_by_role("button", name="Leave").click()
    visitor.lands_on("/login/")
    assert "DELETE /v1/sessions/logout" in site.emulator.calls()


def test_there_is_no_session_at_corbado(site: ExampleSite, visitor: Visitor) -> None:
    slots = '<p slot="authed">In</p><p slot="unauthed">Out</p>'
    show(site, visitor, "corbado-auth-provider", slots)
    expect(visitor.page.get_by_text("Out", exact=True)).to_be_visible()
    expect(visitor.page.get_by_text("In", exact=True)).to_be_hidden()
