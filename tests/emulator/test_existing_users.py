"""People whom the site knew first: password, webhook, and adding a passkey (API notes 3, 4.6 e)."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import Browser, Server
from tests.emulator.site import WebhookSite

EMAIL = "ada@example.com"
PASSWORD = "correct horse"
METHODS = "/v1/users/authmethods"
VERIFY = "/v1/users/password/verify"


@pytest.fixture
def site(webhook_site: WebhookSite) -> WebhookSite:
    """Return a site that knows one person."""
    webhook_site.people[EMAIL] = PASSWORD
    return webhook_site


def test_who_exists_at_the_site_is_asked_for_a_password(
    site: WebhookSite, browser: Browser
) -> None:
    assert browser.post(METHODS, {"username": EMAIL}).data["selectedMethods"] == [
        "password",
        "email",
    ]


def test_a_webhook_carries_its_action_and_the_credentials(
    site: WebhookSite, browser: Browser
) -> None:
    browser.post(METHODS, {"username": EMAIL})
    ((headers, body),) = site.calls
    assert headers["X-Corbado-Action"] == body["action"] == "authMethods"
    assert headers["Authorization"] == f"Basic {b64encode(b'hook:pass:word').decode()}"
    assert (body["projectID"], body["data"]) == ("pro-1", {"username": EMAIL})
    assert body["id"].startswith("who-")


def test_the_right_password_signs_in(site: WebhookSite, browser: Browser, server: Server) -> None:
    answer = browser.post(VERIFY, {"username": EMAIL, "password": PASSWORD})
    user = server.who_arrives(answer.data["redirectURL"])
    assert (user["name"], user["emails"][0]["status"]) == (EMAIL, "active")


def test_after_a_password_a_passkey_can_be_added(site: WebhookSite, browser: Browser) -> None:
    answer = browser.post(VERIFY, {"username": EMAIL, "password": PASSWORD})
    challenge = browser.start_append(answer.data["sessionToken"]).data["challenge"]
    browser.finish("append", browser.authenticator.create(challenge))
    offered = browser.post(METHODS, {"username": EMAIL}).data["selectedMethods"]
    assert offered == ["webauthn", "password", "email"]


@pytest.mark.security
def test_a_wrong_password_gives_nothing_out(
    site: WebhookSite, browser: Browser, emulator: Emulator
) -> None:
    answer = browser.post(VERIFY, {"username": EMAIL, "password": "wrong"})
    assert (answer.status, list(answer.validation)) == (400, ["password"])
    assert emulator.control.project.store.tokens.all() == []


def test_an_existing_user_can_ask_for_a_link(
    site: WebhookSite, browser: Browser, server: Server, emulator: Emulator
) -> None:
    browser.ask_for_link(EMAIL)
    (mail,) = emulator.control.project.store.email_links.all()
    assert server.who_arrives(browser.open_link(mail.link).data["redirectURL"])["name"] == EMAIL


@pytest.mark.security
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (METHODS, {"username": EMAIL}),
        (VERIFY, {"username": EMAIL, "password": PASSWORD}),
        ("/v1/users/emaillinks/login/start", {"username": EMAIL}),
        ("/v1/users/passkey/login/start", {"username": EMAIL}),
    ],
    ids=["methods", "password", "link", "passkey"],
)
def test_who_is_blocked_gets_nothing(
    site: WebhookSite, browser: Browser, emulator: Emulator, path: str, body: Any
) -> None:
    site.blocked.add(EMAIL)
    answer = browser.post(path, body)
    assert (answer.status, list(answer.validation)) == (400, ["username"])
    store = emulator.control.project.store
    given_out = [*store.tokens.all(), *store.email_links.all(), *store.ceremonies.all()]
    assert given_out == []


@pytest.mark.security
def test_who_is_blocked_does_not_come_in_by_conditional_ui(
    webhook_site: WebhookSite, browser: Browser
) -> None:
    browser.sign_up(EMAIL)
    webhook_site.blocked.add(EMAIL)
    signed = browser.authenticator.get(browser.start_mediation())
    assert browser.finish("login", signed).status == 404


@pytest.mark.security
@pytest.mark.parametrize("known", ["exists", "blocked"])
def test_no_one_signs_up_as_a_user_whom_the_site_knows(
    webhook_site: WebhookSite, browser: Browser, known: str
) -> None:
    webhook_site.people[EMAIL] = PASSWORD
    if known == "blocked":
        webhook_site.blocked.add(EMAIL)
    body = {"username": EMAIL, "fullName": "Mallory"}
    answer = browser.post("/v1/users/passkey/register/start", body)
    assert (answer.status, list(answer.validation)) == (400, ["username"])


def test_who_exists_nowhere_does_not_exist(site: WebhookSite, browser: Browser) -> None:
    answer = browser.post(METHODS, {"username": "nobody@example.com"})
    assert answer.validation == {"username": "user doesn't exist"}


GOOD = {"responseID": "", "data": {"status": "exists"}}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (401, json.dumps(GOOD).encode()),
        (500, json.dumps(GOOD).encode()),
        (201, json.dumps(GOOD).encode()),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"data": []}'),
        (200, b'{"data": {"status": "maybe"}}'),
        (200, b"\xff\xfe"),
    ],
    ids=["401", "500", "201", "redirect", "html", "list", "no-data", "odd-status", "bytes"],
)
def test_only_a_proper_answer_counts(
    site: WebhookSite, browser: Browser, status: int, answer: bytes
) -> None:
    site.answer = lambda body: (status, answer)
    refused = browser.post(METHODS, {"username": EMAIL})
    assert (refused.status, refused.error) == (400, "client_error")


def test_a_password_answer_must_say_yes_or_no(site: WebhookSite, browser: Browser) -> None:
    honest = site.answer
    site.answer = lambda body: (
        (200, b'{"data": {"success": "yes"}}')
        if body["action"] == "passwordVerify"
        else honest(body)
    )
    answer = browser.post(VERIFY, {"username": EMAIL, "password": PASSWORD})
    assert answer.error == "client_error"


def test_a_site_that_is_down_is_a_client_error(
    browser: Browser, emulator: Emulator, server: Server
) -> None:
    closed = WebhookSite().__enter__()
    closed.close()
    save = {"webhookURL": closed.url, "webhookActions": ["authMethods"]}
    server.post("/v1/projectConfig", save)
    answer = browser.post(METHODS, {"username": EMAIL})
    assert (answer.status, answer.error) == (400, "client_error")


def test_a_site_that_is_slow_is_a_client_error(
    site: WebhookSite, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corbado_auth.emulator.webhooks.TIMEOUT", 0.05)
    honest, done = site.answer, threading.Event()

    def slow(body: Any) -> tuple[int, bytes]:
        done.wait(5)
        return honest(body)

    site.answer = slow
    answer = browser.post(METHODS, {"username": EMAIL})
    done.set()
    assert answer.error == "client_error"


def test_the_project_can_try_its_webhook(site: WebhookSite, server: Server) -> None:
    server.post("/v1/projectConfig", {"webhookTestValidUsername": EMAIL})
    answer = server.put("/v1/projectConfig/testWebhook", {"action": "authMethods"})
    assert answer.data["code"] == "ok"
    site.answer = lambda body: (500, b"")
    answer = server.put("/v1/projectConfig/testWebhook", {"action": "passwordVerify"})
    assert answer.data["code"] == "client_error"


@pytest.mark.security
def test_webhook_logs_hold_no_password(site: WebhookSite, browser: Browser, server: Server) -> None:
    browser.post(VERIFY, {"username": EMAIL, "password": PASSWORD})
    answer = server.get("/v1/webhookLogs?sort=created:desc")
    assert [row["action"] for row in answer.data["logs"]] == ["passwordVerify", "authMethods"]
    assert PASSWORD not in json.dumps(answer.body)
