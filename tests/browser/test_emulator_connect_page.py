"""Connect on the page ``/_emulator/``: users, passkeys, tokens and switches."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.connect_site import ConnectSite
from tests.browser.inspection import flaws
from tests.browser.visitor import Visitor

VIEWS = ["connect-users", "connect-tokens", "connect-switches"]
MARKUP = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def running() -> Iterator[ConnectSite]:
    with ConnectSite() as site:
        yield site


@pytest.fixture
def site(running: ConnectSite) -> ConnectSite:
    running.reset()
    return running


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


def show(page: Page, site: ConnectSite, view: str) -> None:
    page.goto(f"{site.api}/_emulator/#{view}")
    expect(page.locator("#connection")).to_have_text("Live")


def rows(page: Page) -> Locator:
    return page.locator("#rows > li")


def switch(page: Page, title: str) -> Locator:
    return rows(page).filter(has=page.get_by_role("heading", name=title))


def test_a_user_is_shown_with_identifier_and_handle(page: Page, site: ConnectSite) -> None:
    site.emulator.issue_signed_passkey_data("4f1c")
    show(page, site, "connect-users")
    (user,) = site.emulator.control.project.store.connect_users.all()
    for text in ("4f1c", user.id, user.user_handle, "None"):
        expect(rows(page)).to_contain_text(text)


def test_a_token_is_shown_without_its_secret(page: Page, site: ConnectSite) -> None:
    secret = site.token("passkey-append")
    show(page, site, "connect-tokens")
    expect(rows(page)).to_contain_text("passkey-append")
    expect(rows(page)).to_contain_text("unused")
    assert secret not in page.content()


def test_a_login_is_made_that_the_site_can_verify(page: Page, site: ConnectSite) -> None:
    show(page, site, "connect-users")
    page.locator("summary").filter(has_text="Sign someone in").click()
    page.get_by_label("Identifier").fill("9b2e")
    page.get_by_role("button", name="Make signedPasskeyData").click()
    made = page.locator(".outcome pre")
    expect(made).to_have_text(re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$"))
    assert site.verify(made.inner_text()) == "9b2e"


def test_a_kill_switch_is_turned_on_and_off(page: Page, site: ConnectSite) -> None:
    show(page, site, "connect-switches")
    for word, state in (("on", True), ("off", False)):
        page.get_by_role("button", name=f"Turn {word}: Login kill switch").click()
        expect(switch(page, "Login kill switch").locator(".badge")).to_have_text(word)
        values = site.emulator.control.turn_connect()
        assert values.loginKillSwitchActive is state


@pytest.mark.parametrize(
    ("title", "choice", "name", "value"),
    [
        ("Gradual rollout", "25 %", "rollout", 25),
        ("Fallback code", "user_not_found", "fallback", "user_not_found"),
        ("Verification result", "generic_error", "verificationResult", "generic_error"),
    ],
)
def test_a_choice_is_made(
    page: Page, site: ConnectSite, title: str, choice: str, name: str, value: object
) -> None:
    show(page, site, "connect-switches")
    page.get_by_role("combobox", name=title).select_option(choice)
    expect(page.locator("#notice")).to_have_text(f"{title} was changed.")
    assert getattr(site.emulator.control.turn_connect(), name) == value


def test_a_value_that_is_not_listed_is_shown(page: Page, site: ConnectSite) -> None:
    site.emulator.control.turn_connect(rollout=33, fallback="our_own")
    show(page, site, "connect-switches")
    expect(page.get_by_role("combobox", name="Gradual rollout")).to_have_value("33")
    expect(page.get_by_role("combobox", name="Fallback code")).to_have_value("our_own")


def test_the_identifier_endpoint_is_set_and_its_password_hidden(
    page: Page, site: ConnectSite
) -> None:
    show(page, site, "connect-switches")
    page.locator("summary").filter(has_text="identifier endpoint").click()
    page.get_by_label("Identifier endpoint").fill("http://localhost:9/identifier/")
    page.get_by_label("Its credentials").fill("hook:secret word")
    page.get_by_role("button", name="Set them").click()
    expect(switch(page, "Identifier endpoint")).to_contain_text("http://localhost:9/identifier/")
    assert "secret word" not in page.content()
    assert site.emulator.control.turn_connect().identifierCredentials == "hook:secret word"


def test_what_others_wrote_is_text(page: Page, site: ConnectSite) -> None:
    site.emulator.issue_signed_passkey_data(MARKUP)
    show(page, site, "connect-users")
    expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    assert page.locator("#rows img").count() == 0


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_for_everybody(view: str, axe: None, site: ConnectSite, page: Page) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text))
    site.emulator.issue_signed_passkey_data("4f1c")
    site.token("passkey-list")
    show(page, site, view)
    for summary in page.locator("main summary").all():
        summary.click()
    assert flaws(page) == []
    assert refused == []
