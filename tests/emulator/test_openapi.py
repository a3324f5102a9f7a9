"""Every answer of every route, good and bad, is as Corbado's descriptions say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from corbado_auth.emulator.app import ROUTES
from tests.emulator.clients import (
    CLIENT_INFO,
    SITE,
    Browser,
    ConnectBrowser,
    Judge,
    Server,
    token_of,
)
from tests.emulator.judge import describe, template_of
from tests.emulator.site import WebhookSite

pytestmark = pytest.mark.contract

ADA, GRACE = "ada@example.com", "grace@example.com"
# All that ``login/init`` has to say.
GOOD_INIT = {
    "token": "pro-1",
    "expiresAt": 0,
    "frontendApiUrl": "",
    "loginAllowed": True,
    "flags": {},
}
# With own session management there is nothing to refresh, so there is no good answer.
NEVER_GOOD = {("PUT", "/v1/sessions/refresh")}


class Tour:
    """Visit routes with both clients, and remember which answered well or badly."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.seen: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
        self._judge = describe(folder)
        self.emulator = emulator
        self.server = Server(emulator, self._note)
        self.browser = Browser(emulator, self._note)
        self.connect = ConnectBrowser(emulator, self._note)

    def _note(self, api: str, method: str, path: str, status: int, body: Any) -> None:
        self._judge(api, method, path, status, body)
        template = template_of(api, method, path)
        assert template is not None, path
        self.seen[status < 300].add((method, template))

    def close(self) -> None:
        self.server.http.close()
        self.browser.http.close()
        self.connect.http.close()


@pytest.fixture
def tour(emulator: Emulator, openapi_folder: Path) -> Iterator[Tour]:
    visit = Tour(emulator, openapi_folder)
    yield visit
    visit.close()


def test_good_answers_fit(tour: Tour, webhook_site: WebhookSite) -> None:
    webhook_site.people[GRACE] = "correct horse"
    _passkeys(tour)
    _links_and_passwords(tour)
    _users(tour)
    _project(tour)
    _connect(tour)
    assert tour.seen[True] == {(row.method, row.path) for row in ROUTES} - NEVER_GOOD


def test_bad_answers_fit(tour: Tour) -> None:
    tour.server.http.auth = ("pro-1", "wrong")
    tour.browser.http.headers["Origin"] = "http://evil.example"
    for route in ROUTES:
        client = tour.server if route.api == "backend" else tour.browser
        client.call(route.method, route.path, {})
    assert tour.seen == {True: set(), False: {(row.method, row.path) for row in ROUTES}}


@pytest.mark.usefixtures("openapi_folder")
def test_the_judge_of_all_these_tests_sees_what_is_wrong(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, connect: ConnectBrowser
) -> None:
    """If this is left out, no answer in any other test was compared either."""
    judge("frontend", "POST", "/v2/connect/login/init", 200, GOOD_INIT)
    for name in GOOD_INIT:
        lacking = {key: value for key, value in GOOD_INIT.items() if key != name}
        with pytest.raises(AssertionError, match=name):
            judge("frontend", "POST", "/v2/connect/login/init", 200, lacking)
    monkeypatch.setattr("requests.Response.json", lambda _response: {"nothing": "described"})
    with pytest.raises(AssertionError):
        connect.call("POST", "/v2/connect/login/init", {})


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_an_empty_body_and_an_unknown_id_fit(tour: Tour, route: Any) -> None:
    client = tour.server if route.api == "backend" else tour.browser
    client.call(route.method, route.path.replace("{", "x-").replace("}", ""), {})
    assert (route.method, route.path) in tour.seen[True] | tour.seen[False]


def _passkeys(tour: Tour) -> None:
    browser, server = tour.browser, tour.server
    signed_up = browser.sign_up(ADA).data
    session = {"Authorization": f"Bearer {signed_up['sessionToken']}"}
    user = server.who_arrives(signed_up["redirectURL"])
    browser.log_in(ADA)
    browser.finish("login", browser.authenticator.get(browser.start_mediation()))
    question = {"loginIdentifier": ADA, "loginIdentifierType": "email"}
    browser.post("/v1/users/device/passkey", question)
    server.post("/v1/webauthn/credential/exists", {**question, "clientInfo": CLIENT_INFO})
    browser.http.headers["User-Agent"] = "Another device"
    browser.start_append(signed_up["sessionToken"])
    browser.authenticator.passkeys.clear()
    token = server.association_token(ADA)
    start = browser.post("/v1/users/passkey/associate/start", {"associationToken": token})
    browser.finish("append", browser.authenticator.create(start.data["challenge"]))
    browser.get("/v1/me/passkeys", headers=session)
    first, second = server.passkeys_of(user["ID"])
    server.put(f"/v1/webauthn/credential/{first['id']}", {"status": "active"})
    server.delete(f"/v1/users/{user['ID']}/credentials/{first['id']}", {})
    browser.delete(f"/v1/me/passkeys/{second['id']}", headers=session)
    browser.delete("/v1/sessions/logout", headers=session)


def _links_and_passwords(tour: Tour) -> None:
    browser, server = tour.browser, tour.server
    body = {"email": "new@example.com", "username": "New"}
    browser.post("/v1/users/emaillinks/register/start", body)
    link_id = browser.ask_for_link(GRACE)
    browser.open_link(tour.emulator.control.project.store.email_links.all()[-1].link)
    browser.poll(link_id)
    browser.post("/v1/users/authmethods", {"username": GRACE})
    credentials = {"username": GRACE, "password": "correct horse"}
    browser.post("/v1/users/password/verify", credentials)
    body = {"email": GRACE, "create": True, "redirect": SITE}
    link_id = server.post("/v1/emailLinks", body).data["emailLinkID"]
    link = tour.emulator.control.project.store.email_links.get(link_id)
    assert link is not None
    path = f"/v1/emailLinks/{link_id}"
    answer = server.put(f"{path}/validate", {"token": link.token, "createLoginToken": True})
    browser.post("/v1/users/logintoken", {"token": answer.body["loginToken"]})
    server.get(path)
    server.delete(path)


def _users(tour: Tour) -> None:
    server = tour.server
    made = server.post("/v1/users", {"name": "x", "email": "x@example.com"}).data
    path = f"/v1/users/{made['userID']}"
    server.get("/v1/users")
    server.get(path)
    server.put(path, {"fullName": "X"})
    server.put("/v1/users/exists", {"loginIdentifier": "x", "loginIdentifierType": "custom"})
    email_id = server.post(f"{path}/emails", {"email": "y@example.com"}).data["emailID"]
    server.get(f"{path}/emails/{email_id}")
    server.delete(f"{path}/emails/{email_id}", {})
    server.delete(path, {})
    assert token_of(tour.browser.sign_up("z@example.com").data["redirectURL"])


def _project(tour: Tour) -> None:
    tour.server.get("/v1/projectConfig")
    tour.server.post("/v1/projectConfig", {"externalName": "Pottery"})
    tour.server.put("/v1/projectConfig/testWebhook", {"action": "authMethods"})
    tour.server.get("/v1/webhookLogs")
    tour.browser.get("/v1/projects/projectConfig")
    tour.browser.get("/.well-known/jwks")


def _connect(tour: Tour) -> None:
    connect, server = tour.connect, tour.server
    for what in ("login", "append", "manage"):
        process = connect.init(what).bare
    connect.post("/v2/connect/process/clear", {"processId": process["processID"]})
    connect.append(server.connect_token("append", ADA))
    connect.post("/v2/connect/events", {"eventType": "append-learn-more"})
    server.verify(connect.log_in_as(ADA).bare["signedPasskeyData"], ADA)
    connect.autofill()
    (row,) = connect.list_passkeys(server.connect_token("list", ADA)).bare["passkeys"]
    connect.delete_passkey(server.connect_token("delete", ADA), row["id"])
    connect.append(server.connect_token("append", ADA))
    for token in server.get("/v2/connectTokens").bare["connectTokens"]:
        server.patch(f"/v2/connectTokens/{token['id']}", {"status": "consumed"})
        server.delete(f"/v2/connectTokens/{token['id']}")
    (user,) = server.get("/v2/users").bare["users"]
    server.get("/v2/identifiers")
    server.get("/v2/connect/config")
    path = f"/v2/users/{user['userID']}"
    (passkey,) = server.get(f"{path}/credentials").bare["credentials"]
    server.delete(f"{path}/credentials/{passkey['id']}")
    server.get(path)
    server.patch(path, {"fullName": "Ada"})
    server.delete(path)
    server.post("/v2/users", {"status": "active"})
    endpoint = {"url": "http://localhost:9/", "subscribedEvents": [], "customHeaders": {}}
    made = server.post("/v2/webhookEndpoints", endpoint).bare
    server.get("/v2/webhookEndpoints")
    server.put(f"/v2/webhookEndpoints/{made['id']}", {"subscribedEvents": ["user.deleted"]})
    server.delete(f"/v2/webhookEndpoints/{made['id']}")
