"""The emulator's own Connect component: what a person sees, and which callbacks the page gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.connect_site import ConnectSite
from tests.browser.inspection import flaws
from tests.browser.visitor import Visitor

COMPONENTS = {
    "login": (
        "Login",
        "onComplete: complete, onFallback: note('onFallback'), onLoaded: note('onLoaded'),"
        " onLoginStart: note('onLoginStart'), onConditionalLoginStart: note('onConditional'),"
        " onHelpClick: note('onHelpClick'), onSignupClick: note('onSignupClick')",
    ),
    "append": (
        "Append",
        "appendTokenProvider: () => token('passkey-append'), onComplete: note('onComplete'),"
        " onSkip: note('onSkip'), onError: note('onError')",
    ),
    "list": ("PasskeyList", "connectTokenProvider: token, onPasskeyDelete: note('onDelete')"),
}
ADA = "4f1c"


@pytest.fixture(scope="module")
def running() -> Iterator[ConnectSite]:
    with ConnectSite() as site:
        for name, (component, options) in COMPONENTS.items():
            for suffix, more in (
                ("", ""),
                ("-unknown", ", onUnknownUser: note('onUnknownUser')"),
                ("-custom", ", onFallbackCustom: note('onFallbackCustom')"),
                ("-silent", ", onFallbackSilent: note('onFallbackSilent')"),
            ):
                site.pages[f"/{name}{suffix}"] = f"""
                <script src="{site.api}/connect/web-js.js"></script>
                <script>Corbado.mountCorbadoConnect{component}(
                  document.getElementById("place"), {{ projectId: "pro-1", {options}{more} }});
                </script>"""
        yield site


@pytest.fixture
def site(running: ConnectSite) -> ConnectSite:
    running.reset()
    return running


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


def called(page: Page) -> list[Any]:
    return page.evaluate("window.called")


def wait_for_call(page: Page, name: str, *given: str) -> None:
    page.wait_for_function(
        "([name, ...given]) => called.some((one) => one[0] === name &&"
        " given.every((value, index) => one[index + 1] === value))",
        arg=[name, *given],
    )


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def make_passkey(site: ConnectSite, page: Page) -> None:
    page.goto(f"{site.url}/append")
    button(page, "Create a passkey").click()
    button(page, "Continue").click()
    wait_for_call(page, "onComplete", "complete")


def accept(visitor: Visitor) -> None:
    """Let ceremonies succeed again after ``refuse()``."""
    assert visitor.authenticator
    device = visitor.authenticator
    device._devtools.send("WebAuthn.setUserVerified", {**device._id, "isUserVerified": True})


def forget_last_login(page: Page) -> None:
    page.evaluate("localStorage.removeItem('cbo_connect_last_login-pro-1')")


class TestAppend:
    def test_a_passkey_is_made(self, site: ConnectSite, visitor: Visitor, page: Page) -> None:
        make_passkey(site, page)
        assert visitor.authenticator
        assert len(visitor.authenticator.passkeys()) == 1
        assert site.calls() == ["append/init", "append/start", "append/finish"]
        assert site.bodies("append/finish")[0]["completionType"] == "manual"

    def test_later_is_a_choice(self, site: ConnectSite, page: Page) -> None:
        page.goto(f"{site.url}/append")
        button(page, "Maybe later").click()
        wait_for_call(page, "onSkip", "skip-explicit")
        assert site.events(1) == ["append-explicit-abort"]

    def test_a_device_with_a_passkey_is_not_asked(self, site: ConnectSite, page: Page) -> None:
        make_passkey(site, page)
        page.goto(f"{site.url}/append")
        wait_for_call(page, "onSkip", "skip-implicit")

    @pytest.mark.parametrize("switch", [{"appendKillSwitchActive": True}, {"rollout": 0}])
    def test_a_browser_that_may_not_is_not_asked(
        self, site: ConnectSite, page: Page, switch: dict[str, Any]
    ) -> None:
        site.emulator.control.turn_connect(**switch)
        page.goto(f"{site.url}/append")
        wait_for_call(page, "onSkip", "skip-implicit")
        assert len(site.emulator.control.project.store.connect_tokens) == 0

    def test_a_cancelled_attempt_can_be_repeated(
        self, site: ConnectSite, visitor: Visitor, page: Page
    ) -> None:
        assert visitor.authenticator
        visitor.authenticator.refuse()
        page.goto(f"{site.url}/append")
        button(page, "Create a passkey").click()
        expect(page.get_by_text("No passkey was made. You can try again.")).to_be_visible()
        accept(visitor)
        button(page, "Create a passkey").click()
        expect(page.get_by_role("heading", name="Your passkey is ready")).to_be_visible()
        assert site.calls() == ["append/init", "append/start", "append/finish"]
        assert site.bodies("append/finish")[0]["completionType"] == "manual-retry"

    def test_a_passkey_that_is_there_is_no_error(self, site: ConnectSite, page: Page) -> None:
        make_passkey(site, page)
        page.evaluate("localStorage.clear()")
        store = site.emulator.control.project.store
        with store.transaction():
            (passkey,) = store.connect_passkeys.all()
            elsewhere = replace(passkey, user_agent="", last_user_agent="")
            store.connect_passkeys.put(elsewhere)
        page.goto(f"{site.url}/append")
        button(page, "Create a passkey").click()
        button(page, "Continue").click()
        wait_for_call(page, "onComplete", "complete-noop")

    def test_a_site_without_a_token_is_skipped(self, site: ConnectSite, page: Page) -> None:
        page.route("**/token", lambda route: route.fulfill(status=503))
        page.goto(f"{site.url}/append")
        wait_for_call(page, "onSkip", "skip-implicit")
        assert ["onError", "/token"] in called(page)


class TestPasskeyList:
    def test_the_list_is_shown_added_to_and_deleted_from(
        self, site: ConnectSite, visitor: Visitor, page: Page
    ) -> None:
        assert visitor.authenticator
        page.goto(f"{site.url}/list")
        expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
        button(page, "Add a passkey").click()
        expect(page.get_by_role("listitem")).to_have_count(1)
        expect(page.get_by_role("listitem")).to_contain_text("Chrome on Linux")
        button(page, "Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete passkey").click()
        expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
        assert visitor.authenticator.passkeys() == []
        assert [one for one in called(page) if one[0] == "onDelete"] == [
            ["onDelete", "start"],
            ["onDelete", "success"],
        ]
        kinds = [
            token.token_type for token in site.emulator.control.project.store.connect_tokens.all()
        ]
        assert kinds.count("passkey-list") == 1

    def test_a_second_thought_keeps_the_passkey(self, site: ConnectSite, page: Page) -> None:
        make_passkey(site, page)
        page.goto(f"{site.url}/list")
        page.evaluate("document.addEventListener('corbado:passkey-delete-cancel', note('event'))")
        button(page, "Delete").click()
        button(page, "Keep it").click()
        wait_for_call(page, "onDelete", "cancel")
        wait_for_call(page, "event")
        button(page, "Delete").click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("listitem")).to_have_count(1)

    def test_a_device_has_one_passkey_for_one_account(self, site: ConnectSite, page: Page) -> None:
        make_passkey(site, page)
        page.goto(f"{site.url}/list")
        button(page, "Add a passkey").click()
        expect(page.get_by_text("This device has a passkey")).to_be_visible()
        expect(page.get_by_role("listitem")).to_have_count(1)

    def test_a_delete_that_fails_says_so(self, site: ConnectSite, page: Page) -> None:
        make_passkey(site, page)
        site.emulator.control.failures.add(path="*/manage/delete", status=500)
        page.goto(f"{site.url}/list")
        button(page, "Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete passkey").click()
        expect(page.get_by_role("alert")).to_have_text("That did not work. Please try again.")
        wait_for_call(page, "onDelete", "error")
        expect(page.get_by_role("listitem")).to_have_count(1)

    @pytest.mark.security
    def test_a_list_that_cannot_be_had_deletes_no_passkey(
        self, site: ConnectSite, visitor: Visitor, page: Page
    ) -> None:
        assert visitor.authenticator
        make_passkey(site, page)
        site.emulator.control.reset()
        page.goto(f"{site.url}/list")
        expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
        assert len(visitor.authenticator.passkeys()) == 1

    def test_a_kill_switch_says_that_it_is_not_possible(
        self, site: ConnectSite, page: Page
    ) -> None:
        site.emulator.control.turn_connect(manageKillSwitchActive=True)
        page.goto(f"{site.url}/list")
        expect(page.get_by_text("cannot be shown right now")).to_be_visible()


SCREENS: dict[str, Callable[[ConnectSite, Page], None]] = {}


def _screen(work: Callable[[ConnectSite, Page], None]) -> Callable[[ConnectSite, Page], None]:
    SCREENS[work.__name__] = work
    return work


@_screen
def name(site: ConnectSite, page: Page) -> None:
    site.emulator.control.turn_connect(conditionalUI=False)
    page.goto(f"{site.url}/login")
    button(page, "Continue").click()
    expect(page.get_by_text("Please enter")).to_be_visible()


@_screen
def one_tap(site: ConnectSite, page: Page) -> None:
    make_passkey(site, page)
    page.goto(f"{site.url}/login")
    expect(button(page, "Sign in with your passkey")).to_be_visible()


@_screen
def try_again(site: ConnectSite, page: Page) -> None:
    one_tap(site, page)
    page.evaluate(
        "() => { navigator.credentials.get = () =>"
        " Promise.reject(new DOMException('cancelled', 'NotAllowedError')); }"
    )
    button(page, "Sign in with your passkey").click()
    expect(button(page, "Try again")).to_be_visible()


@_screen
def offer(site: ConnectSite, page: Page) -> None:
    page.goto(f"{site.url}/append")
    expect(button(page, "Create a passkey")).to_be_visible()


@_screen
def done(site: ConnectSite, page: Page) -> None:
    offer(site, page)
    button(page, "Create a passkey").click()
    expect(page.get_by_role("heading", name="Your passkey is ready")).to_be_visible()


@_screen
def passkeys(site: ConnectSite, page: Page) -> None:
    make_passkey(site, page)
    page.goto(f"{site.url}/list")
    expect(page.get_by_role("listitem")).to_have_count(1)


@_screen
def delete(site: ConnectSite, page: Page) -> None:
    passkeys(site, page)
    button(page, "Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_is_for_everybody(
    screen: str, axe: None, site: ConnectSite, page: Page
) -> None:
    SCREENS[screen](site, page)
    assert flaws(page) == []


def test_everything_works_without_a_mouse(site: ConnectSite, page: Page) -> None:
    make_passkey(site, page)
    page.goto(f"{site.url}/list")
    expect(page.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(button(page, "Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(page, "Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    page.goto(f"{site.url}/login")
    expect(button(page, "Sign in with your passkey")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Signed in as {ADA}")).to_be_visible()


def test_the_integrator_is_told_what_is_wrong(site: ConnectSite, page: Page) -> None:
    site.pages["/wrong"] = f"""<script src="{site.api}/connect/web-js.js"></script>
    <script>Corbado.mountCorbadoConnectLogin(document.getElementById("place"), {{}});</script>"""
    page.goto(f"{site.url}/wrong")
    expect(page.get_by_text(re.compile("projectId must be"))).to_be_visible()


@pytest.mark.security
def test_a_strict_policy_needs_a_nonce_and_the_api_alone(site: ConnectSite, page: Page) -> None:
    site.policy = (
        "default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; base-uri 'none';"
        f" img-src data:; connect-src 'self' {site.api}"
    )
    site.pages["/strict"] = f"""<script nonce="abc" src="{site.api}/connect/web-js.js"></script>
    <script nonce="abc">
      Corbado.mountCorbadoConnectAppend(document.getElementById("place"), {{ projectId: "pro-1",
        appendTokenProvider: () => token("passkey-append"), onSkip: note("onSkip") }});
    </script>"""
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text))
    page.goto(f"{site.url}/strict")
    expect(button(page, "Create a passkey")).to_be_visible()
    assert refused == []


def test_a_component_that_cannot_be_loaded_falls_back(site: ConnectSite, page: Page) -> None:
    page.route("**/static/connect/web_js.js", lambda route: route.abort())
    page.goto(f"{site.url}/login")
    wait_for_call(page, "onFallback", "", "")
    page.goto(f"{site.url}/append")
    wait_for_call(page, "onSkip", "skip-implicit")


def test_styles_of_the_site_reach_the_card(site: ConnectSite, page: Page) -> None:
    site.pages["/styled"] = f"""<script src="{site.api}/connect/web-js.js"></script><script>
    Corbado.mountCorbadoConnectAppend(document.getElementById("place"), {{ projectId: "pro-1",
      customDomain: "{site.api}/", appendTokenProvider: () => token("passkey-append") }},
      "data:text/css,.card{{outline:7px solid red}}");
    </script>"""
    page.goto(f"{site.url}/styled")
    expect(page.locator(".card")).to_have_css("outline-width", "7px")
    expect(button(page, "Create a passkey")).to_be_visible()
