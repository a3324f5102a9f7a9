"""The emulator's own Connect component: signing in."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import test_connect_component
from tests.browser.connect_site import ConnectSite
from tests.browser.test_connect_component import (
    ADA,
    button,
    called,
    forget_last_login,
    make_passkey,
    wait_for_call,
)
from tests.browser.visitor import Visitor

# Fixtures.
site = test_connect_component.site
page = test_connect_component.page
running = test_connect_component.running


class TestLogin:
    @pytest.fixture(autouse=True)
    def _passkey(self, site: ConnectSite, page: Page) -> None:
        make_passkey(site, page)
        forget_last_login(page)
        site.emulator.control.log.clear()

    @pytest.fixture
    def no_autofill(self, site: ConnectSite) -> None:
        site.emulator.control.turn_connect(conditionalUI=False)

    def test_a_typed_name_signs_in(self, site: ConnectSite, page: Page, no_autofill: None) -> None:
        page.goto(f"{site.url}/login")
        page.get_by_label("Email address or username").fill(ADA)
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"Signed in as {ADA}")).to_be_visible()
        assert site.calls() == ["login/init", "login/start", "login/finish"]
        assert site.results == ["success"]
        names = [one[0] for one in called(page)]
        assert names == ["onLoaded", "onLoginStart", "onComplete"]
        (_, jwt, state, webauthn_id) = called(page)[-1]
        assert (jwt.count("."), webauthn_id) == (2, ADA)
        assert "lastLogin" in page.evaluate("(text) => atob(text)", state)

    def test_autofill_signs_in(self, site: ConnectSite, page: Page) -> None:
        page.goto(f"{site.url}/login")
        expect(page.get_by_text(f"Signed in as {ADA}")).to_be_visible()
        assert site.calls() == ["login/init", "login/finish"]
        assert site.bodies("login/finish")[0]["isConditionalUI"] is True
        assert ["onConditional", "[object AbortController]"] in called(page)

    def test_one_tap_signs_in(self, site: ConnectSite, page: Page) -> None:
        page.goto(f"{site.url}/login")
        expect(page.get_by_text(f"Signed in as {ADA}")).to_be_visible()
        page.goto(f"{site.url}/login")
        expect(page.get_by_text("4f1c@example.com")).to_be_visible()
        button(page, "Sign in with your passkey").click()
        expect(page.get_by_text(f"Signed in as {ADA}")).to_be_visible()
        assert site.bodies("login/start")[0]["source"] == "one-tap"

    def test_another_account_can_be_used(self, site: ConnectSite, page: Page) -> None:
        page.goto(f"{site.url}/login")
        expect(page.get_by_text(f"Signed in as {ADA}")).to_be_visible()
        site.emulator.control.turn_connect(conditionalUI=False)
        page.goto(f"{site.url}/login")
        button(page, "Use another account").click()
        expect(page.get_by_label("Email address or username")).to_be_focused()
        assert site.events(1) == ["login-one-tap-switch"]
        page.reload()
        expect(page.get_by_label("Email address or username")).to_be_visible()

    def test_a_site_that_refuses_gets_a_fallback(
        self, site: ConnectSite, page: Page, no_autofill: None
    ) -> None:
        site.refuses = True
        page.goto(f"{site.url}/login")
        page.get_by_label("Email address or username").fill(ADA)
        button(page, "Continue").click()
        wait_for_call(page, "onFallback", ADA)
        assert "passkey did not work" in called(page)[-1][2]
        expect(page.locator(".card")).to_be_hidden()

    def test_a_stranger_falls_back_silently(
        self, site: ConnectSite, page: Page, no_autofill: None
    ) -> None:
        for path, name, given in (
            ("/login", "onFallback", ["nobody", ""]),
            ("/login-silent", "onFallbackSilent", ["nobody"]),
        ):
            page.goto(site.url + path)
            page.get_by_label("Email address or username").fill("nobody")
            button(page, "Continue").click()
            wait_for_call(page, name, *given)

    def test_an_unknown_user_may_correct_the_name(
        self, site: ConnectSite, page: Page, no_autofill: None
    ) -> None:
        site.emulator.control.turn_connect(fallback="user_not_found")
        page.goto(f"{site.url}/login")
        page.get_by_label("Email address or username").fill("adda")
        button(page, "Continue").click()
        expect(page.get_by_text("There is no account for what you entered.")).to_be_visible()
        expect(page.get_by_label("Email address or username")).to_be_focused()
        site.emulator.control.turn_connect(fallback="")
        page.get_by_label("Email address or username").fill(ADA)
        button(page, "Continue").click()
        expect(page.get_by_text(f"Signed in as {ADA}")).to_be_visible()

    @pytest.mark.parametrize(
        ("code", "path", "name"),
        [
            ("user_not_found", "/login-unknown", "onUnknownUser"),
            ("use_sso", "/login-custom", "onFallbackCustom"),
            ("use_sso", "/login", "onFallback"),
            ("unexpected_error", "/login", "onFallback"),
        ],
    )
    def test_a_code_leads_to_its_callback(
        self, site: ConnectSite, page: Page, no_autofill: None, code: str, path: str, name: str
    ) -> None:
        site.emulator.control.turn_connect(fallback=code)
        page.goto(site.url + path)
        page.get_by_label("Email address or username").fill(ADA)
        button(page, "Continue").click()
        wait_for_call(page, name, ADA)

    def test_a_person_who_cancels_may_try_again_or_use_the_password(
        self, site: ConnectSite, visitor: Visitor, page: Page, no_autofill: None
    ) -> None:
        assert visitor.authenticator
        visitor.authenticator.refuse()
        page.goto(f"{site.url}/login")
        page.get_by_label("Email address or username").fill(ADA)
        button(page, "Continue").click()
        expect(page.get_by_role("heading", name="confirm it’s you")).to_be_visible()
        button(page, "Try again").click()
        expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
        button(page, "Use your password instead").click()
        wait_for_call(page, "onFallback", ADA, "")
        sources = [body["source"] for body in site.bodies("login/start")]
        assert sources == ["text-field", "error-soft"]
        assert site.events(3) == ["login-error", "login-error", "login-explicit-abort"]

    def test_a_person_who_never_succeeds_ends_at_the_password(
        self, site: ConnectSite, visitor: Visitor, page: Page, no_autofill: None
    ) -> None:
        assert visitor.authenticator
        visitor.authenticator.refuse()
        page.goto(f"{site.url}/login")
        page.get_by_label("Email address or username").fill(ADA)
        button(page, "Continue").click()
        for _ in range(3):
            button(page, "Try again").click()
        wait_for_call(page, "onFallback", ADA, "Your passkey was not used.")

    @pytest.mark.parametrize("switch", [{"loginKillSwitchActive": True}, {"rollout": 0}])
    def test_a_browser_that_may_not_falls_back_at_once(
        self, site: ConnectSite, page: Page, switch: dict[str, Any]
    ) -> None:
        site.emulator.control.turn_connect(**switch)
        page.goto(f"{site.url}/login")
        wait_for_call(page, "onFallback", "", "")
        assert ["onLoaded", "loading finished", "true"] in called(page)

    @pytest.mark.parametrize(
        "failure", [{"status": 500}, {"drop": True}, {"body": "garbage"}], ids=str
    )
    @pytest.mark.parametrize("call", ["login/init", "login/start", "login/finish"])
    def test_corbado_being_down_falls_back(
        self,
        site: ConnectSite,
        page: Page,
        no_autofill: None,
        call: str,
        failure: dict[str, Any],
    ) -> None:
        values = {"status": 0, "drop": False, "body": "", **failure}
        site.emulator.control.failures.add(path=f"/v2/connect/{call}", times=0, **values)
        page.goto(f"{site.url}/login")
        if call != "login/init":
            page.get_by_label("Email address or username").fill(ADA)
            button(page, "Continue").click()
        wait_for_call(page, "onFallback")
        site.emulator.control.failures.remove()

    def test_an_empty_name_is_asked_for(
        self, site: ConnectSite, page: Page, no_autofill: None
    ) -> None:
        page.goto(f"{site.url}/login")
        button(page, "Continue").click()
        expect(page.get_by_text("Please enter your email address or username.")).to_be_visible()
        assert site.calls() == ["login/init"]

    def test_help_and_sign_up_are_the_sites(
        self, site: ConnectSite, page: Page, no_autofill: None
    ) -> None:
        page.goto(f"{site.url}/login")
        button(page, "Need help?").click()
        button(page, "Create an account").click()
        wait_for_call(page, "onHelpClick")
        wait_for_call(page, "onSignupClick")

    def test_a_deleted_passkey_in_the_autofill_falls_back_with_words(
        self, site: ConnectSite, page: Page
    ) -> None:
        store = site.emulator.control.project.store
        with store.transaction():
            store.connect_passkeys.clear()
        page.goto(f"{site.url}/login")
        wait_for_call(page, "onFallback")
        assert "has been removed" in called(page)[-1][2]

    def test_unmounting_takes_everything_away(
        self, site: ConnectSite, page: Page, no_autofill: None
    ) -> None:
        page.goto(f"{site.url}/login")
        expect(page.get_by_label("Email address or username")).to_be_visible()
        page.evaluate("Corbado.unmountCorbadoConnectLogin(document.getElementById('place'))")
        assert page.locator("#place > *").count() == 0
        assert called(page) == [["onLoaded", "loading finished", "false"]]
