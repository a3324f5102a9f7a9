"""The control API, as the emulator's page and other tools use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from corbado_auth.emulator import Emulator
from tests.emulator.clients import Browser, Server
from tests.emulator.site import WebhookSite

EMAIL = "ada@example.com"
Turn = Callable[..., Any]


@pytest.fixture
def look(emulator: Emulator) -> Turn:
    def get(route: str) -> Any:
        response = requests.get(f"{emulator.url}/_emulator/{route}", timeout=10)
        response.raise_for_status()
        return response.json()

    return get


@pytest.fixture
def turn(emulator: Emulator) -> Turn:
    def post(route: str, **body: Any) -> requests.Response:
        return requests.post(f"{emulator.url}/_emulator/{route}", json=body, timeout=10)

    return post


def test_a_user_comes_with_an_address(look: Turn, turn: Turn) -> None:
    made = turn("users", email=EMAIL, fullName="Ada").json()
    assert look("state")["users"] == [made]
    assert (made["status"], made["emails"][0]["status"]) == ("active", "active")


def test_a_user_may_be_unconfirmed(turn: Turn) -> None:
    made = turn("users", email=EMAIL, confirmed=False).json()
    assert (made["status"], made["emails"][0]["status"]) == ("pending", "pending")


def test_a_token_signs_its_user_in(look: Turn, turn: Turn, server: Server) -> None:
    user = turn("users", email=EMAIL).json()
    given = turn("tokens", userID=user["ID"]).json()
    assert given["redirectURL"].endswith(f"/corbado/redirect/?corbadoAuthToken={given['token']}")
    assert look("state")["tokens"][0]["state"] == "unused"
    assert server.who_arrives(given["redirectURL"])["ID"] == user["ID"]
    assert look("state")["tokens"][0]["state"] == "used"


def test_the_clock_moves_forward(look: Turn, turn: Turn) -> None:
    user = turn("users", email=EMAIL).json()
    turn("tokens", userID=user["ID"])
    before = look("state")["now"]
    moved = turn("clock", advance=360).json()
    assert moved["clockOffset"] == 360
    assert moved["now"] > before
    assert look("state")["tokens"][0]["state"] == "expired"
    turn("clock", advance=60)
    assert look("state")["clockOffset"] == 420


def test_a_reset_forgets_everything(look: Turn, turn: Turn, server: Server) -> None:
    start = look("state")
    turn("users", email=EMAIL)
    turn("clock", advance=60)
    turn("failures", path="/v1/*", status=500)
    turn("rate-limit", requests=5)
    server.post("/v1/emailLinks", {"email": EMAIL, "create": True, "redirect": "http://a.example"})
    assert turn("reset").json() == {}
    after = look("state")
    assert {**after, "revision": 0, "now": ""} == {**start, "revision": 0, "now": ""}
    assert (look("requests")["requests"], look("emails")["emails"]) == ([], [])


def test_mails_show_their_links(look: Turn, turn: Turn, browser: Browser) -> None:
    turn("users", email=EMAIL, confirmed=False)
    browser.ask_for_link(EMAIL)
    (mail,) = look("emails")["emails"]
    assert (mail["to"], mail["purpose"], mail["state"]) == (EMAIL, "login", "open")
    assert mail["link"] in mail["text"]
    browser.open_link(mail["link"])
    assert look("emails")["emails"][0]["state"] == "confirmed"


def test_an_old_mail_is_expired(look: Turn, turn: Turn, browser: Browser) -> None:
    turn("users", email=EMAIL)
    browser.ask_for_link(EMAIL)
    turn("clock", advance=300)
    assert look("emails")["emails"][0]["state"] == "expired"


def test_a_large_user_base_does_not_swamp_the_page(look: Turn, emulator: Emulator) -> None:
    for number in range(501):
        emulator.control.add_user(f"user{number}@example.com")
    state = look("state")
    assert (state["userCount"], len(state["users"])) == (501, 500)
    assert state["users"][0]["name"] == "user500@example.com"


def test_passkeys_are_shown_with_their_user(look: Turn, browser: Browser) -> None:
    browser.sign_up(EMAIL)
    (passkey,) = look("state")["users"][0]["passkeys"]
    assert (passkey["status"], passkey["userAgent"]) == ("active", "Test browser")


def test_the_revision_moves_with_every_change_and_stands_still_else(
    look: Turn, turn: Turn, server: Server
) -> None:
    steps = [look("state")["revision"], look("state")["revision"]]
    assert steps[0] == steps[1]
    for change in (
        lambda: turn("users", email=EMAIL),
        lambda: turn("failures", path="/v1/*", delay=0.001),
        lambda: turn("rate-limit", requests=100),
        lambda: server.get("/v1/users"),
    ):
        change()
        steps.append(look("state")["revision"])
    assert steps[1:] == sorted(set(steps))


def test_the_rate_limit_can_be_switched(look: Turn, turn: Turn, server: Server) -> None:
    assert turn("rate-limit", requests=1, seconds=60).json() == {
        "rateLimit": {"requests": 1, "seconds": 60}
    }
    assert [server.get("/v1/users").status for _ in range(2)] == [200, 429]
    turn("rate-limit", requests=0)
    assert look("state")["rateLimit"] is None
    assert server.get("/v1/users").status == 200


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("users", {}, 400),
        ("users", {"email": "ada"}, 400),
        ("users", {"email": EMAIL, "confirmed": "yes"}, 400),
        ("users", {"email": EMAIL, "name": "Ada"}, 400),
        ("tokens", {}, 404),
        ("tokens", {"userID": "usr-1"}, 404),
        ("clock", {}, 400),
        ("clock", {"advance": -1}, 400),
        ("clock", {"advance": True}, 400),
        ("rate-limit", {}, 400),
        ("rate-limit", {"requests": 1, "seconds": 0.0}, 200),
        ("rate-limit", {"requests": -1}, 400),
        ("reset", {"all": True}, 400),
        ("state", {}, 405),
        ("nothing", {}, 404),
    ],
)
def test_a_wrong_turn_is_told_in_a_sentence(turn: Turn, route: str, body: Any, status: int) -> None:
    response = turn(route, **body)
    assert response.status_code == status
    assert status == 200 or response.json()["error"].endswith(".")


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 5000, b"\xff"])
def test_a_body_must_be_a_json_object(emulator: Emulator, body: bytes) -> None:
    url = f"{emulator.url}/_emulator/reset"
    headers = {"Content-Type": "application/json"}
    assert requests.post(url, body, headers=headers, timeout=10).status_code == 400


def test_a_body_over_a_megabyte_is_refused(turn: Turn) -> None:
    assert turn("users", email="a" * 1_000_000).status_code == 413


def test_one_of_several_failures_can_be_removed(turn: Turn, emulator: Emulator) -> None:
    first, second = (turn("failures", path="/v1/*", status=500).json()["ID"] for _ in range(2))
    url = f"{emulator.url}/_emulator/failures"
    assert requests.delete(url, json={"ID": first}, timeout=10).status_code == 200
    assert requests.delete(url, json={"ID": first}, timeout=10).status_code == 404
    assert [failure.id for failure in emulator.control.failures.all()] == [second]
    assert requests.delete(url, json={}, timeout=10).status_code == 200
    assert emulator.control.failures.all() == []


def test_webhook_calls_are_shown(look: Turn, webhook_site: WebhookSite, browser: Browser) -> None:
    browser.post("/v1/users/authmethods", {"username": EMAIL})
    (call,) = look("state")["webhooks"]
    assert (call["action"], call["username"], call["status"]) == ("authMethods", EMAIL, 200)


def test_the_same_address_twice_is_refused(turn: Turn) -> None:
    assert [turn("users", email=EMAIL).status_code for _ in range(2)] == [200, 400]


def test_the_clock_has_an_end(turn: Turn) -> None:
    assert turn("clock", advance=1e300).status_code == 200
    assert turn("users", email=EMAIL).json()["created"] < "2050"


class TestRequests:
    def test_they_are_shown_newest_first(self, look: Turn, server: Server) -> None:
        server.get("/v1/users?page=1")
        server.post("/v1/projectConfig", {"externalName": "Pottery"})
        newest, oldest = look("requests")["requests"]
        assert (oldest["method"], oldest["path"], oldest["query"]) == ("GET", "/v1/users", "page=1")
        assert (newest["body"], newest["status"], newest["api"]) == (
            {"externalName": "Pottery"},
            200,
            "backend",
        )

    def test_a_dropped_call_has_no_status(self, look: Turn, turn: Turn, server: Server) -> None:
        turn("failures", path="/v1/users", drop=True)
        with pytest.raises(requests.ConnectionError):
            server.get("/v1/users")
        (entry,) = look("requests")["requests"]
        assert (entry["status"], entry["planned"]) == (None, True)

    @pytest.mark.security
    def test_no_secret_is_shown(
        self, look: Turn, turn: Turn, browser: Browser, server: Server
    ) -> None:
        redirect = browser.sign_up(EMAIL).data
        token = redirect["redirectURL"].rpartition("=")[2]
        server.validate(token, {"remoteAddress": "192.0.2.7", "userAgent": "x"})
        server.post("/v1/projectConfig", {"webhookPassword": "hunter2"})
        server.get("/v1/projectConfig", headers={"Cookie": "sessionid=abc123"})
        browser.post("/v1/users/password/verify", {"username": EMAIL, "password": "hunter2"})
        association = server.association_token(EMAIL)
        browser.ask_for_link(EMAIL)
        browser.open_link(look("emails")["emails"][0]["link"])
        shown = json.dumps([look("requests"), look("state")])
        link_token = look("emails")["emails"][0]["link"].partition("corbadoToken=")[2][:64]
        secrets = [token, redirect["sessionToken"], association, link_token, "hunter2"]
        secrets += ["sessionid", "corbado1_emulator", "cHJvLTE6"]
        assert [secret for secret in secrets if secret in shown] == []

    def test_a_long_body_is_not_kept(self, look: Turn, server: Server) -> None:
        server.post("/v1/projectConfig", {"supportEmail": "a" * 30_000})
        assert look("requests")["requests"][0]["body"] == "(30020 bytes)"

    @pytest.mark.security
    def test_a_body_that_is_no_json_is_not_shown(self, look: Turn, server: Server) -> None:
        server.call("POST", "/v1/projectConfig", data=b"password=hunter2")
        assert look("requests")["requests"][0]["body"] == "(16 bytes, not JSON)"

    @pytest.mark.security
    def test_a_token_in_the_referer_is_masked(self, look: Turn, server: Server) -> None:
        page = f"http://localhost:8000/login/?corbadoToken={'A' * 64}"
        server.get("/v1/users", headers={"Referer": page})
        assert "A" * 5 not in look("requests")["requests"][0]["headers"]["Referer"]

    def test_text_that_cannot_be_encoded_is_shown(self, look: Turn, server: Server) -> None:
        server.post("/v1/projectConfig", {"supportEmail": "a://b?token=\ud800"})
        assert look("requests")["requests"][0]["status"] == 200

    @pytest.mark.security
    def test_a_token_in_a_query_is_masked(self, look: Turn, server: Server) -> None:
        server.get(f"/v1/users?corbadoAuthToken={'A' * 64}&page=1")
        assert "A" * 5 not in look("requests")["requests"][0]["query"]
        assert "page=1" in look("requests")["requests"][0]["query"]
