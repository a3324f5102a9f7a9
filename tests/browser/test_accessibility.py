"""Everyone can use every page: axe-core at WCAG 2.2 AA, reflow, keyboard, no script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page

from example_project.workshop.people import CUSTOMER, DEMO_PASSWORD
from tests.browser.album import IN_THE_ADMIN, Album
from tests.browser.inspection import FOCUSED, NARROW, crowded_texts, flaws, flaws_within, resize
from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor
from tests.support.authenticator import Authenticator
from tests.support.emulator import PROJECT_ID
from tests.translations.catalogues import LANGUAGES


@pytest.mark.django_db
@pytest.mark.urls("tests.translations.urls")
def test_every_page_of_the_package_passes_axe_and_the_keyboard(axe: None, album: Album) -> None:
    found = {}
    for name, answer in album.tour():
        album.show(answer)
        if name.startswith("login"):
            album.page.get_by_role("button", name="Continue").wait_for()
        if part := IN_THE_ADMIN.get(name):
            album.still()
            wrong = flaws_within(album.page, part)
        else:
            wrong = flaws(album.page)
        if wrong:
            found[name] = wrong
    assert found == {}


@pytest.mark.django_db
@pytest.mark.urls("tests.translations.urls")
def test_no_page_of_the_package_needs_an_inline_script_or_style(album: Album) -> None:
    refused: list[str] = []
    album.page.on("console", lambda line: refused.append(line.text))
    album.extra_headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; script-src 'self' {album.corbado.url};"
        f" connect-src 'self' {album.corbado.url}; form-action 'self'; base-uri 'none'"
    )
    for name, answer in album.tour():
        if name not in IN_THE_ADMIN:
            album.show(answer)
            if name.startswith("login"):
                album.page.get_by_role("button", name="Continue").wait_for()
    assert [line for line in refused if "Content Security Policy" in line] == []


@pytest.mark.django_db
@pytest.mark.urls("tests.translations.urls")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_texts_fit_a_narrow_window(album: Album, language: str) -> None:
    resize(album.page, NARROW)
    found = {}
    for name, answer in album.tour(language):
        if name not in IN_THE_ADMIN:
            album.show(answer)
            if crowded := crowded_texts(album.page):
                found[name] = crowded
    assert found == {}


def use_password(page: Page, username: str, password: str) -> None:
    """Fill in the example site's own form."""
    page.get_by_role("textbox", name="Username").fill(username)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in with password").click()


@pytest.fixture
def maya(site: ExampleSite, visitor: Visitor) -> Visitor:
    """Be signed in on the example site with a password: a passkey is offered."""
    visitor.page.goto(f"{site.url}/login/")
    use_password(visitor.page, CUSTOMER.username, DEMO_PASSWORD)
    visitor.lands_on("/my-bookings/")
    return visitor


def test_every_page_of_the_example_site_passes_axe_and_the_keyboard(
    axe: None, site: ExampleSite, maya: Visitor, new_visitor: Callable[..., Visitor]
) -> None:
    guest = new_visitor()
    found = {}
    for path in ["/", "/courses/first-turns/", "/login/", "/corbado/login/", "/corbado/redirect/"]:
        guest.page.goto(site.url + path)
        found[path] = flaws(guest.page)
    guest.page.goto(f"{site.url}/login/")
    use_password(guest.page, "nobody", "wrong")
    guest.page.get_by_role("alert").wait_for()
    found["a wrong password"] = flaws(guest.page)
    for path in ["/my-bookings/", "/account/", "/login/", "/corbado/passkeys/"]:
        maya.page.goto(site.url + path)
        found[f"{path}, signed in"] = flaws(maya.page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_site_fits_a_narrow_window_in_every_language(
    site: ExampleSite, new_visitor: Callable[..., Visitor], language: str
) -> None:
    visitor = new_visitor(locale=language)
    page = visitor.page
    resize(page, NARROW)
    page.goto(f"{site.url}/login/")
    found = {"/login/": crowded_texts(page)}
    page.locator("#id_username").fill(CUSTOMER.username)
    page.locator("#id_password").fill(DEMO_PASSWORD)
    page.locator("#id_password").press("Enter")
    visitor.lands_on("/my-bookings/")
    assert page.locator("html").get_attribute("lang") == language
    found["/my-bookings/"] = crowded_texts(page)
    for path in ["/", "/courses/first-turns/", "/account/"]:
        page.goto(site.url + path)
        found[path] = crowded_texts(page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def press_tab_to(visitor: Visitor, name: str) -> None:
    """Press Tab until something of this name has the focus, as a person does who sees the ring."""
    for _press in range(40):
        visitor.page.keyboard.press("Tab")
        focused = visitor.page.evaluate(FOCUSED)
        if focused and focused["name"] == name:
            assert focused["shows"]
            return
    raise AssertionError(f"Tab does not lead to {name}.")


def press(visitor: Visitor, name: str) -> None:
    press_tab_to(visitor, name)
    visitor.page.keyboard.press("Enter")


def test_a_person_goes_the_whole_way_with_the_keyboard_alone(
    site: ExampleSite, maya: Visitor
) -> None:
    """Accept the offer, add a passkey, remove it, sign out."""
    press(maya, "Add a passkey")
    maya.lands_on("/corbado/passkeys/add/")
    maya.action("sign_up").wait_for()
    press(maya, maya.action("sign_up").inner_text())
    maya.lands_on("/corbado/passkeys/")
    assert len(site.emulator.user(CUSTOMER.email)["passkeys"]) == 1
    maya.page.get_by_role("link", name="Remove").wait_for()
    press(maya, maya.page.get_by_role("link", name="Remove").get_attribute("aria-label") or "")
    maya.page.wait_for_url("**/remove/**")
    press(maya, "Remove")
    maya.sees("You have no passkey yet")
    press(maya, "Sign out")
    maya.page.get_by_role("link", name="Sign in").first.wait_for()
    assert site.session(maya.cookie("sessionid")) is None


def test_another_persons_link_is_declined_with_the_keyboard_alone(
    site: ExampleSite, visitor: Visitor
) -> None:
    visitor.page.goto(site.emulator.issue_token(site.emulator.add_user("mallory@example.org")))
    visitor.lands_on("/corbado/confirm/")
    press(visitor, "No, this is not me")
    visitor.sees("You were not signed in")
    assert visitor.cookie("sessionid") is None


def test_the_confirm_page_signs_in_with_the_keyboard_alone(
    site: ExampleSite, visitor: Visitor
) -> None:
    visitor.page.goto(site.emulator.issue_token(site.emulator.add_user(CUSTOMER.email)))
    visitor.lands_on("/corbado/confirm/")
    press(visitor, "Yes, sign me in")
    visitor.lands_on("/my-bookings/")
    assert site.session(visitor.cookie("sessionid"))


@pytest.fixture
def scriptless(site: ExampleSite, new_visitor: Callable[..., Visitor]) -> Visitor:
    return new_visitor(passkeys=False, java_script_enabled=False)


def test_without_javascript_the_login_page_names_the_other_way_in(
    site: ExampleSite, scriptless: Visitor
) -> None:
    scriptless.page.goto(f"{site.url}/corbado/login/?older=yes&next=/account/")
    scriptless.sees("needs JavaScript")
    scriptless.page.get_by_role("link", name="Sign in another way").click()
    scriptless.sees("needs JavaScript")
    use_password(scriptless.page, CUSTOMER.username, DEMO_PASSWORD)
    scriptless.lands_on("/account/")


def test_without_javascript_everything_but_corbados_own_part_works(
    site: ExampleSite, scriptless: Visitor
) -> None:
    """The confirm page, removing a passkey, signing out; adding one says what it needs."""
    page = scriptless.page
    page.goto(site.emulator.issue_token(site.emulator.add_user(CUSTOMER.email)))
    page.get_by_role("button", name="Yes, sign me in").click()
    scriptless.lands_on("/my-bookings/")
    page.goto(f"{site.url}/corbado/passkeys/")
    page.get_by_role("button", name="Add a passkey").click()
    scriptless.sees("Adding a passkey needs JavaScript")
    give_passkey(site, CUSTOMER.email)
    page.get_by_role("link", name="Back to your passkeys").click()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    scriptless.sees("You have no passkey yet")
    assert site.emulator.user(CUSTOMER.email)["passkeys"] == []
    scriptless.sign_out()


def test_without_javascript_the_offer_is_answered(site: ExampleSite, scriptless: Visitor) -> None:
    page = scriptless.page
    page.goto(f"{site.url}/login/")
    use_password(page, CUSTOMER.username, DEMO_PASSWORD)
    page.get_by_role("button", name="Not now").click()
    scriptless.lands_on("/my-bookings/")
    assert page.get_by_role("heading", name="No password next time?").count() == 0


def give_passkey(site: ExampleSite, email: str) -> None:
    """Let another device of this person make a passkey, as Corbado's component does it there."""
    client = {"remoteAddress": "127.0.0.1", "userAgent": "tests"}
    asked = {"loginIdentifier": email, "loginIdentifierType": "email", "clientInfo": client}
    made = site.emulator.backend("POST", "/v1/associationTokens", asked)["data"]["token"]
    api = f"{site.emulator.url}/v1/users/passkey"
    headers = {"X-Corbado-ProjectID": PROJECT_ID}
    start = requests.post(
        f"{api}/associate/start", json={"associationToken": made}, headers=headers, timeout=30
    )
    signed = Authenticator(site.url).create(start.json()["data"]["challenge"])
    finish = requests.post(
        f"{api}/append/finish", json={"signedChallenge": signed}, headers=headers, timeout=30
    )
    assert finish.status_code == 200, finish.text
