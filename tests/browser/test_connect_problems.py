"""What stops a passkey in the browser leads to the password, and is in the log of the site."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from corbado_auth.models import ConnectAccount
from tests.browser.connect_visits import ADA, add_passkey, name_field, sign_out, use_password
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.support.vouching import ours

pytestmark = [pytest.mark.urls("tests.browser.urls"), pytest.mark.browser]

PROBLEMS = "**/connect/problems/"
SCRIPT = "**/web-js.js"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(lambda route: route.abort(), "script_blocked", id="blocked"),
        pytest.param(lambda route: route.fulfill(body=""), "script_blocked", id="empty"),
        pytest.param(
            lambda route: route.fulfill(body="window.Corbado = {}"), "component_failed", id="other"
        ),
    ],
)
def test_the_password_works_while_the_script_is_blocked(
    connect_site: LiveSite,
    visitor: Visitor,
    caplog: pytest.LogCaptureFixture,
    answer: Callable[[Any], None],
    problem: str,
) -> None:
    visitor.page.route(SCRIPT, answer)
    with visitor.page.expect_response(PROBLEMS):
        visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.sees("Passkeys did not load")
    assert [record.reason for record in ours(caplog)] == [problem]
    use_password(connect_site, visitor)


def test_an_api_that_is_blocked_is_said_and_reported(
    connect_site: LiveSite, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.page.route("**/v2/connect/**", lambda route: route.abort())
    with visitor.page.expect_response(PROBLEMS):
        visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.sees("Passkeys did not load")
    assert [record.reason for record in ours(caplog)] == ["component_failed"]


@pytest.mark.parametrize("is_slow", [False, True])
def test_the_list_says_that_it_cannot_be_shown(
    connect_site: LiveSite, visitor: Visitor, caplog: pytest.LogCaptureFixture, is_slow: bool
) -> None:
    use_password(connect_site, visitor)
    visitor.page.clock.install(time=0)
    visitor.page.clock.pause_at(1)
    visitor.page.route(SCRIPT, lambda route: None if is_slow else route.abort())
    with visitor.page.expect_response(PROBLEMS):
        visitor.page.goto(f"{connect_site.url}/corbado/connect/passkeys/", wait_until="commit")
        visitor.page.locator("[data-is-mounted]").wait_for(state="attached")
        visitor.page.clock.run_for(10_500)
    visitor.page.clock.run_for(1)  # The note comes a moment later.
    visitor.sees("Your passkeys cannot be shown right now. They still work.")
    assert [record.reason for record in ours(caplog)] == [
        "script_slow" if is_slow else "script_blocked"
    ]


def test_the_password_works_while_corbado_is_slow(
    connect_site: LiveSite, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    # An installed clock runs on by itself unless it is paused.
    visitor.page.clock.install(time=0)
    visitor.page.clock.pause_at(1)
    visitor.page.route(SCRIPT, lambda route: None)  # It never comes.
    visitor.page.goto(f"{connect_site.url}/own-login/", wait_until="commit")
    visitor.page.locator("[data-is-mounted]").wait_for()
    visitor.page.clock.run_for(9_900)
    expect(visitor.page.get_by_text("Passkeys are taking a while to load")).to_have_count(0)
    with visitor.page.expect_response(PROBLEMS):
        visitor.page.clock.run_for(500)
    visitor.sees("Passkeys are taking a while to load")
    assert [record.reason for record in ours(caplog)] == ["script_slow"]
    visitor.page.get_by_role("button", name="Use your password").click()
    expect(name_field(visitor)).to_be_focused()


def test_everything_works_while_third_party_cookies_are_blocked(
    connect_site: LiveSite, visitor_without_foreign_cookies: Visitor, settings: Any
) -> None:
    """Corbado's API is another site then: ``127.0.0.1`` beside ``localhost``."""
    visitor = visitor_without_foreign_cookies
    assert connect_site.url.startswith("http://localhost:")
    api = connect_site.emulator.url.replace("localhost", "127.0.0.1")
    settings.CORBADO_CONNECT_CUSTOM_DOMAIN = api
    settings.CORBADO_CONNECT_SCRIPT_URL = f"{api}/connect/web-js.js"
    # Cookies know no ports, and this one is sent from pages of any site, if at all.
    url = "https://127.0.0.1/"
    visitor.context.add_cookies(
        [{"name": "theirs", "value": "1", "url": url, "sameSite": "None", "secure": True}]
    )
    page = visitor.page.goto(f"{api}/_emulator/")
    assert page is not None
    assert page.request.all_headers()["cookie"] == "theirs=1"
    sent: dict[str, str] = {}

    def note(request: Any) -> None:
        sent[request.url] = request.all_headers().get("cookie", "")

    visitor.page.on("requestfinished", note)
    add_passkey(connect_site, visitor)
    sign_out(visitor)
    visitor.lands_on("/home/")
    visitor.sees(f"Hello {ADA}")
    visitor.page.goto(f"{connect_site.url}/corbado/connect/passkeys/")
    visitor.action("delete_passkey").click()
    visitor.action("confirm_delete").click()
    visitor.sees("Your passkey was removed")
    theirs = {url: cookies for url, cookies in sent.items() if url.startswith(f"{api}/v2/")}
    assert f"{api}/v2/connect/login/finish" in theirs
    assert set(theirs.values()) == {""}
    assert ConnectAccount.objects.get().sign_in_count == 1


def test_a_passkey_that_is_gone_from_the_device_leads_to_the_password(
    connect_site: LiveSite, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    add_passkey(connect_site, visitor)
    assert visitor.authenticator
    visitor.authenticator.forget()
    visitor.page.goto(f"{connect_site.url}/own-login/")
    visitor.action("one_tap").click()
    with visitor.page.expect_response(PROBLEMS):
        visitor.action("fall_back").click()
    assert [record.reason for record in ours(caplog)] == ["passkey_not_used"]
    visitor.sees("Your passkey was not used. Use your password, or try again.")
    expect(visitor.page.locator("[name=password]")).to_be_focused()
    expect(name_field(visitor)).to_have_value(ADA)
    # And another try is one button away.
    visitor.page.get_by_role("button", name="Try a passkey again").click()
    visitor.input("identifier").wait_for()
