"""The page ``/_emulator/``: what a developer looks at while the site talks to Corbado."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.inspection import NARROW, flaws, resize
from tests.browser.visitor import Visitor
from tests.support.emulator import API_SECRET, Emulator, run_emulator

EMAIL = "robin@example.com"
NOBODY = "http://127.0.0.1:9/"  # the discard port: nobody listens there
VIEWS = ["emails", "users", "tokens", "requests", "webhooks", "failures", "project"]
MARKUP = '<img src=x onerror="document.title=1"><b>bold</b>'


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """Run an emulator for a site that is not there."""
    with run_emulator("http://localhost:8000", login_path="/login/") as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.reset()
    return running


@pytest.fixture
def busy(emulator: Emulator) -> Emulator:
    """Fill every list of the page."""
    emulator.issue_token(emulator.add_user(EMAIL, fullName="Robin Example"))
    emulator.add_user("kim@example.com", fullName="Kim Example", confirmed=False)
    links = {"email": EMAIL, "create": False, "redirect": "http://localhost:8000/login/"}
    emulator.backend("POST", "/v1/emailLinks", links)
    emulator.fail("/v1/authTokens/validate", status=503, times=2)
    emulator.configure(webhookURL=NOBODY, webhookActions=["authMethods"])
    emulator.backend("PUT", "/v1/projectConfig/testWebhook", {"action": "authMethods"})
    return emulator


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


def show(page: Page, emulator: Emulator, view: str) -> None:
    page.goto(f"{emulator.url}/_emulator/#{view}")
    expect(page.locator("#connection")).to_have_text("Live")


def rows(page: Page) -> Locator:
    return page.locator("#rows > li")


def test_on_a_phone_the_name_of_the_open_view_is_in_sight(page: Page, emulator: Emulator) -> None:
    resize(page, NARROW)
    for view in reversed(VIEWS):
        show(page, emulator, view)
        expect(page.locator(f"#view-{view}")).to_be_in_viewport(ratio=1)


def test_users_are_shown_with_addresses_and_passkeys(page: Page, busy: Emulator) -> None:
    show(page, busy, "users")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).filter(has_text=EMAIL)).to_contain_text("Robin Example")


def test_an_email_is_shown_with_a_link_that_opens(page: Page, busy: Emulator) -> None:
    show(page, busy, "emails")
    link = rows(page).get_by_role("link", name="Open the link")
    expect(link).to_have_attribute("href", busy.wait_for_email(EMAIL))
    expect(rows(page)).to_contain_text("left")


def test_a_token_is_shown_with_its_state_and_time_left(page: Page, busy: Emulator) -> None:
    show(page, busy, "tokens")
    token = rows(page).filter(has_text="auth token")
    expect(token).to_contain_text("unused")
    expect(token).to_contain_text("4 min")
    busy.advance(600)
    expect(token).to_contain_text("expired")


def test_a_request_is_shown_with_headers_and_bodies_without_secrets(
    page: Page, busy: Emulator
) -> None:
    show(page, busy, "requests")
    call = rows(page).filter(has_text="/v1/emailLinks")
    call.locator("summary").click()
    expect(call).to_contain_text("Authorization")
    expect(call).to_contain_text('"email": "robin@example.com"')
    assert API_SECRET not in page.content()


def test_a_webhook_that_got_no_answer_is_shown(page: Page, busy: Emulator) -> None:
    show(page, busy, "webhooks")
    expect(rows(page)).to_contain_text("authMethods")
    expect(rows(page)).to_contain_text("no answer")


def test_events_are_sent_from_the_page(page: Page, emulator: Emulator) -> None:
    show(page, emulator, "webhooks")
    where = page.get_by_text("Set where events are sent", exact=True)
    event = page.get_by_text("Send an event, true or not")
    event.click()
    page.locator("select[name=type]").select_option("user.deleted")
    page.get_by_label("User ID, known or not").fill("usr-404")
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("#notice")).to_contain_text("Not sent")
    where.click()
    page.get_by_label("URL of the site's event webhook").fill(NOBODY)
    page.get_by_label("Its credentials").fill("hook:secret")
    page.get_by_role("button", name="Set the URL").click()
    expect(page.locator("#notice")).to_have_text(f"Events are sent to {NOBODY}.")
    page.get_by_role("button", name="Send it").click()
    expect(rows(page).first).to_contain_text("user.deleted")
    expect(rows(page).first).to_contain_text("usr-404")
    page.get_by_role("button", name="Set the URL").click()
    expect(page.locator("#notice")).to_have_text("No events are sent.")


def test_the_page_updates_by_itself(page: Page, emulator: Emulator) -> None:
    show(page, emulator, "users")
    expect(page.get_by_text("Nobody yet")).to_be_visible()
    emulator.add_user(EMAIL)
    expect(rows(page)).to_have_count(1)


def test_an_update_leaves_the_focus_and_opened_rows_alone(page: Page, busy: Emulator) -> None:
    show(page, busy, "requests")
    summary = rows(page).last.locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    count = rows(page).count()
    busy.backend("GET", "/v1/users", {})
    expect(rows(page)).to_have_count(count + 1)
    expect(summary).to_be_focused()
    expect(rows(page).last.locator("details")).to_have_attribute("open", "")


def test_what_others_wrote_is_text(page: Page, emulator: Emulator) -> None:
    emulator.add_user(EMAIL, fullName=MARKUP)
    show(page, emulator, "users")
    expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    assert page.locator("#rows img, #rows b").count() == 0


def test_rows_are_filtered_by_every_word(page: Page, busy: Emulator) -> None:
    show(page, busy, "users")
    page.get_by_label("Filter").fill("kim pending")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1 of 2")


def test_everything_can_be_reached_without_a_mouse(page: Page, busy: Emulator) -> None:
    show(page, busy, "emails")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the list")).to_be_focused()
    page.locator("#view-users").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("kim")
    expect(rows(page)).to_have_count(1)


def test_a_user_is_added(page: Page, emulator: Emulator) -> None:
    show(page, emulator, "users")
    page.locator("summary").filter(has_text="Add a user").click()
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_role("button", name="Add user").click()
    expect(rows(page)).to_contain_text(EMAIL)


def test_an_address_that_is_taken_is_told(page: Page, busy: Emulator) -> None:
    show(page, busy, "users")
    page.locator("summary").filter(has_text="Add a user").click()
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_role("button", name="Add user").click()
    expect(page.locator("#notice.error")).not_to_be_empty()
    expect(rows(page)).to_have_count(2)


def test_a_sign_in_link_is_made(page: Page, busy: Emulator) -> None:
    show(page, busy, "users")
    person = rows(page).filter(has_text="Robin")
    person.get_by_role("button", name="Make a sign-in link").click()
    link = person.get_by_role("link", name="Sign in with this link")
    expect(link).to_have_attribute("href", re.compile(r"/redirect/\?corbadoAuthToken=\w{64}$"))


def test_a_failure_is_planned_and_removed(page: Page, emulator: Emulator) -> None:
    show(page, emulator, "failures")
    page.locator("summary").filter(has_text="Plan a failure").click()
    page.get_by_label("What happens").select_option("status 503")
    page.get_by_role("button", name="Plan it").click()
    expect(rows(page)).to_contain_text("status 503")
    assert emulator.state["failures"][0]["status"] == 503
    page.get_by_role("button", name="Remove the failure").click()
    expect(rows(page)).to_have_count(0)


def test_the_clock_is_advanced(page: Page, emulator: Emulator) -> None:
    show(page, emulator, "users")
    page.get_by_role("button", name="Advance").click()
    expect(page.locator("#offset")).to_have_text("6 min ahead")
    assert emulator.state["clockOffset"] == 360


def test_a_reset_asks_first(page: Page, busy: Emulator) -> None:
    show(page, busy, "users")
    page.get_by_role("button", name="Reset …").click()
    page.get_by_role("button", name="Keep everything").click()
    assert len(busy.state["users"]) == 2
    page.get_by_role("button", name="Reset …").click()
    page.get_by_role("button", name="Reset the emulator").click()
    expect(rows(page)).to_have_count(0)
    assert busy.state["users"] == []


def test_an_answer_links_to_its_own_request(page: Page, busy: Emulator) -> None:
    answer = busy.backend("GET", "/v1/users", {})
    page.goto(answer["requestData"]["link"])
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("/v1/users")


def test_an_emulator_that_stopped_is_told(page: Page, emulator: Emulator) -> None:
    show(page, emulator, "users")
    page.route("**/_emulator/state", lambda route: route.abort())
    expect(page.locator("#connection")).to_have_text("Not running")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_for_everybody(view: str, axe: None, busy: Emulator, page: Page) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text))
    show(page, busy, view)
    for summary in page.locator("main summary").all():
        summary.click()
    assert flaws(page) == []
    assert refused == []
