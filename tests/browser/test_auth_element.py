"""The emulator's own ``<corbado-auth>``: for the keyboard, for every eye, under a strict policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from corbado_auth.models import CorbadoAccount
from tests.browser.fixtures import LiveSite
from tests.browser.inspection import flaws
from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "robin@example.com"


def show_login(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.input("username").wait_for()


def show_register(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(f"{site.login_url}#register")
    visitor.input("name").wait_for()


def show_field_error(site: ExampleSite, visitor: Visitor) -> None:
    show_login(site, visitor)
    visitor.action("continue").click()
    visitor.sees("enter your email")


def show_pending(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.add_user(EMAIL)
    show_login(site, visitor)
    visitor.log_in(EMAIL)
    visitor.action("resend_email").wait_for()


def show_append(site: ExampleSite, visitor: Visitor) -> None:
    show_pending(site, visitor)
    visitor.page.goto(site.emulator.wait_for_email(EMAIL))
    visitor.action("append_passkey").wait_for()


def show_dead_link(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(
        f"{site.url}/login/?corbadoEmailLinkID=eml-1&corbadoToken=x#email-link-confirm"
    )
    visitor.action("back").wait_for()


def show_problem(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.fail("/v1/users/authmethods", status=500)
    show_login(site, visitor)
    visitor.log_in(EMAIL)
    visitor.sees("Something went wrong")


def show_too_many(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(f"{site.login_url}#too-many-requests")
    visitor.sees("Too many attempts")


PAGES = [
    show_login,
    show_register,
    show_field_error,
    show_pending,
    show_append,
    show_dead_link,
    show_problem,
    show_too_many,
]


@pytest.mark.parametrize("show", PAGES, ids=lambda show: show.__name__)
def test_every_page_of_the_card_is_for_everybody(
    show: Callable[..., None], axe: None, site: ExampleSite, visitor: Visitor
) -> None:
    show(site, visitor)
    assert flaws(visitor.page) == []


def test_a_field_of_the_page_takes_what_is_typed_and_lets_the_focus_go(
    live_site: LiveSite, visitor: Visitor, settings: object
) -> None:
    settings.ROOT_URLCONF = "tests.browser.urls"  # type: ignore[attr-defined]
    visitor.page.goto(f"{live_site.url}/strict-login/")
    visitor.action("continue").wait_for()
    field = visitor.page.get_by_label("Email")
    field.press_sequentially("kim")
    expect(field).to_have_value("kim")
    field.press("Tab")
    expect(visitor.action("continue")).to_be_focused()


def test_a_person_signs_up_with_the_keyboard_alone(site: ExampleSite, visitor: Visitor) -> None:
    show_login(site, visitor)
    keyboard = visitor.page.keyboard
    visitor.action("switch_to_sign_up").focus()
    keyboard.press("Enter")
    expect(visitor.input("name")).to_be_focused()
    keyboard.type("Robin Example")
    keyboard.press("Tab")
    keyboard.type(EMAIL)
    keyboard.press("Enter")
    visitor.lands_on("/account/")


def test_the_focus_goes_to_the_heading_of_a_page_without_a_form(
    site: ExampleSite, visitor: Visitor
) -> None:
    show_pending(site, visitor)
    expect(visitor.page.get_by_role("heading", name="Check your email")).to_be_focused()


def test_an_error_is_told_where_the_focus_goes(site: ExampleSite, visitor: Visitor) -> None:
    show_field_error(site, visitor)
    expect(visitor.input("username")).to_be_focused()
    expect(visitor.input("username")).to_have_accessible_description(
        "Please enter your email address."
    )
    expect(visitor.input("username")).to_have_attribute("aria-invalid", "true")


def test_a_change_of_page_is_announced(site: ExampleSite, visitor: Visitor) -> None:
    show_pending(site, visitor)
    status = visitor.page.locator("corbado-auth").get_by_role("status")
    expect(status).to_have_text("Check your email")


def test_the_back_button_goes_back(site: ExampleSite, visitor: Visitor) -> None:
    show_login(site, visitor)
    visitor.action("switch_to_sign_up").click()
    visitor.input("name").wait_for()
    visitor.page.go_back()
    visitor.action("continue").wait_for()


def test_a_fragment_of_the_site_changes_nothing(site: ExampleSite, visitor: Visitor) -> None:
    show_register(site, visitor)
    visitor.input("name").fill("Robin")
    visitor.page.evaluate("window.location.hash = 'content'")
    expect(visitor.input("name")).to_have_value("Robin")


def test_a_second_click_starts_nothing_twice(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.add_user(EMAIL)
    site.emulator.fail("/v1/users/authmethods", delay=1)
    show_login(site, visitor)
    visitor.input("username").fill(EMAIL)
    visitor.action("continue").dblclick()
    visitor.action("resend_email").wait_for()
    assert site.emulator.calls().count("POST /v1/users/authmethods") == 1


def test_the_sites_colours_and_shapes_are_taken_on(site: ExampleSite, visitor: Visitor) -> None:
    show_login(site, visitor)
    style = (
        "corbado-auth { --primary-color: rgb(1, 2, 3) !important; --border-radius: 7px !important }"
    )
    visitor.page.add_style_tag(content=style)
    expect(visitor.action("continue")).to_have_css("background-color", "rgb(1, 2, 3)")
    expect(visitor.action("continue")).to_have_css("border-radius", "7px")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        pytest.param({"project-id": "1"}, "project-id must be pro- and digits", id="project-id"),
        pytest.param({"endpoint": "http://localhost/"}, "must not end in a slash", id="slash"),
        pytest.param({"endpoint": "localhost"}, "must begin with http", id="scheme"),
        pytest.param({"conditional": "yes"}, "corbado-username", id="conditional"),
    ],
)
def test_wrong_markup_is_explained_on_the_page(
    site: ExampleSite, visitor: Visitor, attributes: dict[str, str], reason: str
) -> None:
    show_login(site, visitor)
    visitor.page.evaluate(
        """(attributes) => {
          const element = document.createElement("corbado-auth");
          const given = { "project-id": "pro-1", ...attributes };
          for (const [name, value] of Object.entries(given)) element.setAttribute(name, value);
          document.querySelector("corbado-auth").replaceWith(element);
        }""",
        attributes,
    )
    visitor.sees("Integration error")
    visitor.sees(reason)


def test_a_strict_policy_with_a_nonce_is_enough(
    live_site: LiveSite, visitor: Visitor, settings: object
) -> None:
    settings.ROOT_URLCONF = "tests.browser.urls"  # type: ignore[attr-defined]
    refused: list[str] = []
    visitor.page.on("console", lambda line: refused.append(line.text))
    visitor.page.goto(f"{live_site.url}/strict-login/?next=/account/")
    visitor.sign_up(EMAIL)
    visitor.lands_on("/account/")
    assert CorbadoAccount.objects.get().sign_in_count == 1
    assert [line for line in refused if "Content Security Policy" in line] == []


@pytest.mark.urls("tests.browser.urls")
def test_a_site_opened_by_its_number_names_the_address_to_open(
    live_site: LiveSite, visitor: Visitor
) -> None:
    name = f"{live_site.url}/corbado/login/"
    visitor.page.goto(name.replace("localhost", "127.0.0.1"))
    visitor.log_in(EMAIL)
    visitor.sees("Open this site by its name")
    visitor.sees(f"open {name}")
