"""npm ``@corbado/connect-react`` 0.2.4-alpha.0, as a person uses it, against the emulator.

It is the newest release there: of September 2024, without ``customDomain``, and its ``onComplete``
gets the session alone. So the page names the emulator where the client keeps its process, and the
emulator puts the signedPasskeyData into the session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.bundles import bundle
from tests.browser.connect_site import ConnectSite
from tests.browser.visitor import Visitor

ADA = "4f1c"
SOURCE = """
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";
import * as connect from "@corbado/connect-react";
window.mount = (name, options) => {
  const shared = { projectId: "pro-1", frontendApiUrlSuffix: "frontendapi.localhost:1" };
  const root = createRoot(document.getElementById("place"));
  root.render(h(connect.CorbadoConnectProvider, shared, h(connect[name], options)));
};
"""
COMPONENTS = {
    "/login": (
        "CorbadoConnectLogin",
        "onComplete: complete, onFallback: note('onFallback'), onLoaded: note('onLoaded'),"
        " onError: note('onError')",
    ),
    "/append": (
        "CorbadoConnectAppend",
        "appendTokenProvider: () => token('passkey-append'), onComplete: note('onComplete'),"
        " onSkip: note('onSkip')",
    ),
    "/list": ("CorbadoConnectPasskeyList", "connectTokenProvider: token"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectSite]:
    script = bundle(SOURCE, tmp_path_factory.mktemp("react"), "react")
    with ConnectSite() as site:
        site.scripts["/react.js"] = script
        for path, (name, options) in COMPONENTS.items():
            site.pages[path] = f"""<script>
            localStorage.setItem("cbo_connect_process-pro-1", JSON.stringify({{ id: "",
              loginData: null, appendData: null, manageData: null,
              frontendApiUrl: "{site.api}" }}));
            </script><script src="/react.js"></script>
            <script>mount("{name}", {{ {options} }});</script>"""
        yield site


@pytest.fixture
def site(running: ConnectSite) -> ConnectSite:
    running.reset()
    running.emulator.control.turn_connect(session="{signedPasskeyData}")
    return running


@pytest.fixture
def page(visitor: Visitor) -> Page:
    visitor.page.route("https://fonts.googleapis.com/**", lambda route: route.abort())
    return visitor.page


@pytest.fixture
def ada(page: Page, site: ConnectSite) -> str:
    page.goto(f"{site.url}/append")
    page.get_by_role("button", name=re.compile("Create|Activate|Set up")).click()
    page.get_by_role("button", name="Continue").click()
    wait_for_call(page, "onComplete")
    return ADA


@pytest.fixture
def no_last_login(ada: str, page: Page) -> None:
    page.evaluate("localStorage.removeItem('cbo_connect_last_login')")
    page.evaluate("localStorage.removeItem('cbo_connect_last_login-pro-1')")


@pytest.fixture
def no_autofill(site: ConnectSite) -> None:
    site.emulator.control.turn_connect(conditionalUI=False)


def wait_for_call(page: Page, name: str) -> None:
    page.wait_for_function("(name) => called.some((one) => one[0] === name)", arg=name)


def signed_in(page: Page) -> Locator:
    return page.get_by_text(f"Signed in as {ADA}")


def test_a_passkey_is_added(ada: str, site: ConnectSite, visitor: Visitor) -> None:
    assert visitor.authenticator
    assert len(visitor.authenticator.passkeys()) == 1
    assert site.calls() == ["append/init", "append/start", "append/finish"]


def test_a_typed_name_signs_in(
    no_last_login: None, no_autofill: None, page: Page, site: ConnectSite
) -> None:
    page.goto(f"{site.url}/login")
    page.get_by_label("Email address").fill(ADA)
    page.get_by_role("button", name="Login").click()
    expect(signed_in(page)).to_be_visible()
    assert site.calls()[-3:] == ["login/init", "login/start", "login/finish"]
    assert site.results == ["success"]


def test_autofill_signs_in(no_last_login: None, page: Page, site: ConnectSite) -> None:
    page.goto(f"{site.url}/login")
    expect(signed_in(page)).to_be_visible()
    assert site.calls()[-2:] == ["login/init", "login/finish"]


def test_one_tap_signs_in(ada: str, page: Page, site: ConnectSite) -> None:
    page.goto(f"{site.url}/login")
    page.get_by_role("button", name="4f1c@example.com").click()
    expect(signed_in(page)).to_be_visible()
    assert site.bodies("login/start")[-1]["source"] == "one-tap"


def test_a_rollout_that_leaves_this_browser_out_falls_back(page: Page, site: ConnectSite) -> None:
    site.emulator.control.turn_connect(rollout=0)
    page.goto(f"{site.url}/login")
    wait_for_call(page, "onFallback")


def test_an_unknown_user_falls_back(no_autofill: None, page: Page, site: ConnectSite) -> None:
    page.goto(f"{site.url}/login")
    page.get_by_label("Email address").fill("nobody@example.com")
    page.get_by_role("button", name="Login").click()
    wait_for_call(page, "onFallback")


def test_a_site_that_refuses_gets_a_fallback(
    no_last_login: None, no_autofill: None, page: Page, site: ConnectSite
) -> None:
    site.refuses = True
    page.goto(f"{site.url}/login")
    page.get_by_label("Email address").fill(ADA)
    page.get_by_role("button", name="Login").click()
    wait_for_call(page, "onFallback")
    assert site.results == ["success"]


def test_a_person_who_cancels_may_go_on_with_the_password(
    no_last_login: None, no_autofill: None, page: Page, site: ConnectSite, visitor: Visitor
) -> None:
    assert visitor.authenticator
    visitor.authenticator.refuse()
    page.goto(f"{site.url}/login")
    page.get_by_label("Email address").fill(ADA)
    page.get_by_role("button", name="Login").click()
    page.get_by_text("Use password instead").click()
    wait_for_call(page, "onFallback")


def test_an_append_that_is_not_wanted_is_skipped(page: Page, site: ConnectSite) -> None:
    site.emulator.control.turn_connect(appendKillSwitchActive=True)
    page.goto(f"{site.url}/append")
    wait_for_call(page, "onSkip")


def test_the_list_is_shown_deleted_from_and_added_to(
    ada: str, page: Page, site: ConnectSite, visitor: Visitor
) -> None:
    page.goto(f"{site.url}/list")
    items = page.locator(".cb-passkey-list-item")
    expect(items).to_have_count(1)
    expect(items).to_contain_text("Chrome on Linux")
    items.locator(".cb-passkey-list-item-delete-icon .cb-link-button, svg").last.click()
    page.get_by_role("button", name=re.compile("Yes|Delete", re.IGNORECASE)).last.click()
    expect(page.get_by_text("There is currently no passkey saved")).to_be_visible()
    page.get_by_role("button", name="Add a passkey").click()
    expect(items).to_have_count(1)
    assert visitor.authenticator
    assert len(visitor.authenticator.passkeys()) == 1
    kinds = [row.token_type for row in site.emulator.control.project.store.connect_tokens.all()]
    assert kinds.count("passkey-list") == 1


@pytest.mark.security
def test_the_list_of_an_unknown_user_is_unavailable_and_not_empty(
    ada: str, page: Page, site: ConnectSite, visitor: Visitor
) -> None:
    site.emulator.control.reset()
    page.goto(f"{site.url}/list")
    expect(page.get_by_text("Passkey list is unavailable")).to_be_visible()
    assert visitor.authenticator
    assert len(visitor.authenticator.passkeys()) == 1
