"""npm ``@corbado/web-core`` 3.5.0, the client of the Connect component, against the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from corbado_auth.emulator.connect import users
from tests.browser.bundles import bundle
from tests.browser.connect_site import ConnectSite
from tests.browser.visitor import Visitor

ADA = "4f1c"
SOURCE = """
import { ConnectService } from "@corbado/web-core";
const plain = ({ ok, val }) => (ok ? { ok, value: val } : { ok, type: String(val.type) });
const service = (domain, suffix = "frontendapi.localhost:1") =>
  new ConnectService("pro-1", suffix, false, domain);
const ac = () => new AbortController();
window.flows = {
  async append(domain, force) {
    const core = service(domain);
    const init = await core.appendInit(ac());
    if (init.err || !init.val.appendAllowed) return { init: plain(init) };
    const start = await core.startAppend(await token("passkey-append"), Date.now(), ac(), force);
    if (start.err || !start.val.attestationOptions) return { start: plain(start) };
    const finish = await core.completeAppend(start.val.attestationOptions, "manual");
    return { finish: plain(finish), options: start.val.attestationOptions };
  },
  async again(domain, options) {
    return plain(await service(domain).completeAppend(options, "manual-retry"));
  },
  async login(domain, identifier, source = "text-field", connectToken = undefined) {
    const core = service(domain);
    const start = await core.loginStart(identifier, source, Date.now(), connectToken);
    if (start.err || !start.val.assertionOptions) return { start: plain(start) };
    const finish = await core.loginContinue(start.val);
    return { finish: plain(finish), last: core.getLastLogin(), state: core.encodeClientState() };
  },
  async init(domain) {
    return plain(await service(domain).loginInit(ac()));
  },
  async conditional(domain) {
    const core = service(domain);
    const none = () => {};
    await core.loginInit(ac());
    return { finish: plain(await core.conditionalUILogin(none, none, none, Date.now())) };
  },
  async list(domain, listToken) {
    return plain(await service(domain).manageList(listToken, true));
  },
  async remove(domain, id) {
    const core = service(domain);
    await core.manageInit(ac());
    return plain(await core.manageDelete(await token("passkey-delete"), id));
  },
  async report(domain) {
    const core = service(domain);
    await core.loginInit(ac());
    return plain(await core.recordEventLoginError("of the tests"));
  },
};
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectSite]:
    script = bundle(SOURCE, tmp_path_factory.mktemp("core"), "core")
    with ConnectSite() as site:
        site.scripts["/core.js"] = script
        site.pages["/core"] = '<script src="/core.js"></script>'
        yield site


@pytest.fixture
def site(running: ConnectSite) -> ConnectSite:
    running.reset()
    return running


@pytest.fixture
def page(visitor: Visitor, site: ConnectSite) -> Page:
    visitor.page.goto(f"{site.url}/core")
    return visitor.page


def run(page: Page, site: ConnectSite, flow: str, *given: Any, domain: str | None = None) -> Any:
    arguments = [flow, site.api if domain is None else domain, *given]
    return page.evaluate("([flow, ...given]) => window.flows[flow](...given)", arguments)


def value(answer: Any) -> Any:
    """Return what the client made of a good answer."""
    assert answer["ok"], answer
    return answer["value"]


@pytest.fixture
def ada(page: Page, site: ConnectSite) -> str:
    value(run(page, site, "append", False)["finish"])
    return ADA


def test_a_passkey_is_added(page: Page, site: ConnectSite, visitor: Visitor) -> None:
    done = value(run(page, site, "append", False)["finish"])
    assert done["passkeyOperation"]["operationType"] == "append"
    assert visitor.authenticator
    assert len(visitor.authenticator.passkeys()) == 1
    assert site.calls() == ["append/init", "append/start", "append/finish"]


def test_a_cancelled_attempt_is_repeated_with_the_same_options(
    page: Page, site: ConnectSite, visitor: Visitor
) -> None:
    assert visitor.authenticator
    visitor.authenticator.refuse()
    cancelled = run(page, site, "append", False)
    assert not cancelled["finish"]["ok"]
    device = visitor.authenticator
    device._devtools.send("WebAuthn.setUserVerified", {**device._id, "isUserVerified": True})
    assert value(run(page, site, "again", cancelled["options"]))["passkeyOperation"]
    assert site.calls().count("append/start") == 1


def test_a_typed_name_signs_in(ada: str, page: Page, site: ConnectSite) -> None:
    done = run(page, site, "login", ada)
    assert site.verify(value(done["finish"])["signedPasskeyData"]) == ada
    assert done["last"]["identifierValue"] == ada
    assert done["state"]


def test_one_tap_signs_in(ada: str, page: Page, site: ConnectSite) -> None:
    shown = run(page, site, "login", ada)["last"]["identifierValue"]
    done = run(page, site, "login", shown, "one-tap")
    assert site.verify(value(done["finish"])["signedPasskeyData"]) == ada
    assert site.bodies("login/start")[-1]["oneTapMeta"]["source"] == "ls"


def test_autofill_signs_in_again_and_again(ada: str, page: Page, site: ConnectSite) -> None:
    for _ in range(2):
        done = value(run(page, site, "conditional")["finish"])
        assert site.verify(done["signedPasskeyData"]) == ada
    assert site.calls().count("login/init") == 2


def test_a_login_token_signs_in_its_person(ada: str, page: Page, site: ConnectSite) -> None:
    done = run(page, site, "login", "", "text-field", site.token("passkey-login"))
    assert site.verify(value(done["finish"])["signedPasskeyData"]) == ada


def test_an_init_answer_is_kept_as_long_as_it_is_good(page: Page, site: ConnectSite) -> None:
    first, second = (value(run(page, site, "init")) for _ in range(2))
    assert first == second
    assert site.calls() == ["login/init"]


def test_plain_http_works_without_a_custom_domain_once_it_is_known(
    ada: str, page: Page, site: ConnectSite
) -> None:
    """Every init answer names the emulator, so the client comes back to it."""
    done = run(page, site, "login", ada, domain="")
    assert site.verify(value(done["finish"])["signedPasskeyData"]) == ada


@pytest.mark.parametrize("code", ["no_cbo_user", "user_not_found", "our_own"])
def test_a_fallback_reaches_the_client(page: Page, site: ConnectSite, code: str) -> None:
    site.emulator.control.turn_connect(fallback=code)
    error = value(run(page, site, "login", ADA)["start"])["fallbackOperationError"]
    assert error["error"]["code"] == code


def test_a_list_is_shown_added_to_and_deleted_from(
    ada: str, page: Page, site: ConnectSite, visitor: Visitor
) -> None:
    token = site.token("passkey-list")
    (row,) = value(run(page, site, "list", token))["passkeys"]
    assert value(run(page, site, "remove", row["id"])) == {"credentialID": row["id"]}
    assert value(run(page, site, "list", token))["passkeys"] == []
    assert visitor.authenticator
    # The client hands the list to the browser, which then deletes what is not on it.
    assert visitor.authenticator.passkeys() == []


@pytest.mark.security
def test_an_emulator_that_forgot_everything_deletes_no_passkey(
    ada: str, page: Page, site: ConnectSite, visitor: Visitor
) -> None:
    site.emulator.control.reset()
    assert not run(page, site, "list", site.token("passkey-list"))["ok"]
    users.create(site.emulator.control.project, ada)
    assert value(run(page, site, "list", site.token("passkey-list")))["passkeys"] == []
    assert visitor.authenticator
    assert len(visitor.authenticator.passkeys()) == 1


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_a_planned_failure_is_an_error_for_the_client(
    page: Page, site: ConnectSite, status: int
) -> None:
    values = {"status": status, "delay": 0.0, "drop": False, "body": ""}
    site.emulator.control.failures.add(path="/v2/connect/login/start", **values)
    answer = run(page, site, "login", ADA)["start"]
    assert not answer["ok"]
    assert run(page, site, "login", ADA)["start"]["ok"]


def test_a_path_that_is_not_served_can_be_read(page: Page, site: ConnectSite) -> None:
    """With CORS headers the page gets the envelope, not a network error."""
    answer = page.evaluate(
        """async (url) => {
          const answer = await fetch(url, { method: "POST", body: "{}", credentials: "include" });
          return [answer.status, await answer.json()];
        }""",
        f"{site.api}/v2/connect/low-events",
    )
    assert (answer[0], answer[1]["error"]["type"]) == (404, "not_found")


def test_events_are_taken_in(page: Page, site: ConnectSite) -> None:
    assert run(page, site, "report")["ok"]
    assert site.events(1) == ["login-error"]


def test_the_own_component_sends_what_the_client_sends(
    ada: str, page: Page, site: ConnectSite
) -> None:
    """Same fields in the same calls, but for what is measured about the browser."""
    site.pages["/own"] = f"""<script src="{site.api}/connect/web-js.js"></script><script>
    Corbado.mountCorbadoConnectLogin(document.getElementById("place"), {{ projectId: "pro-1",
      onComplete: complete, onFallback: note("onFallback") }});</script>"""
    site.emulator.control.turn_connect(conditionalUI=False)

    def fields() -> dict[str, Any]:
        found = {}
        for entry in site.emulator.control.log.all():
            names = {name.lower() for name, _ in entry.headers}
            wire = {name for name in names if name.startswith("x-corbado")}
            body = entry.body if isinstance(entry.body, dict) else {}
            found[entry.path] = (sorted(wire), sorted(set(body) - {"oneTapMeta"}))
        return found

    page.evaluate("localStorage.clear()")
    site.emulator.control.log.clear()
    value(run(page, site, "login", ada)["finish"])
    cores = fields()
    page.evaluate("localStorage.clear()")
    site.emulator.control.log.clear()
    page.goto(f"{site.url}/own")
    page.get_by_label("Email address or username").fill(ada)
    page.get_by_role("button", name="Continue").click()
    page.get_by_text(f"Signed in as {ada}").wait_for()
    paths = ("login/init", "login/start", "login/finish")
    for path in (f"/v2/connect/{name}" for name in paths):
        mine, theirs = fields()[path], cores[path]
        assert json.dumps(mine[0]) == json.dumps(theirs[0]), path
        assert set(mine[1]) - {"loadedMs"} == set(theirs[1]) - {"loadedMs"}, path
