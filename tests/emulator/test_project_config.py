"""The project config (API notes 1.8), as the site's server and the component see it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import SITE, Browser, Server

PATH = "/v1/projectConfig"


def test_it_says_what_the_emulator_was_started_with(server: Server, emulator: Emulator) -> None:
    config = server.get(PATH).data
    assert config["projectID"] == "pro-1"
    assert config["authSuccessRedirectUrl"] == f"{SITE}/corbado/redirect/"
    assert config["webauthnRPID"] == "localhost"
    assert config["frontendAPIUrl"] == config["backendAPIUrl"] == emulator.url


@pytest.mark.parametrize(
    "change",
    [
        {"externalName": "Pottery"},
        {"allowUserRegistration": False},
        {"smtpPort": 25},
        {"webhookActions": ["authMethods"]},
        {"signupFlowOptions": {"a": 1}},
        {"passkeyAppendInterval": "3w"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_is_kept_and_leaves_the_rest(server: Server, change: dict[str, Any]) -> None:
    before = server.get(PATH).data
    assert server.post(PATH, change).status == 200
    after = server.get(PATH).data
    ignored = {"created": "", "updated": ""}
    assert {**after, **ignored} == {**before, **change, **ignored}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"externalName": "x"}, "externalName"),
        ({"externalName": "x" * 256}, "externalName"),
        ({"allowUserRegistration": "yes"}, "allowUserRegistration"),
        ({"smtpPort": "25"}, "smtpPort"),
        ({"webhookActions": [1]}, "webhookActions"),
        ({"environment": "moon"}, "environment"),
        ({"authSuccessRedirectUrl": "javascript:alert(1)"}, "authSuccessRedirectUrl"),
    ],
    ids=["short", "long", "text", "number", "list", "enum", "url"],
)
def test_a_wrong_value_is_named_and_changes_nothing(
    server: Server, change: Any, field: str
) -> None:
    before = server.get(PATH).data
    answer = server.post(PATH, change)
    assert (answer.status, list(answer.validation)) == (400, [field])
    assert server.get(PATH).data[field] == before[field]


def test_the_length_of_a_name_is_said(server: Server) -> None:
    answer = server.post(PATH, {"externalName": "x"})
    assert answer.validation == {"externalName": "the length must be between 2 and 255"}


def test_the_component_learns_its_part_and_no_secret(browser: Browser) -> None:
    config = browser.get("/v1/projects/projectConfig").data
    assert config["sessionManagement"] == "SessionManagementOwn"
    assert (config["allowUserRegistration"], config["environment"]) == (True, "dev")
    assert not [name for name in config if "assword" in name or "ecret" in name]


@pytest.mark.security
def test_the_redirect_url_comes_from_the_config_alone(browser: Browser, server: Server) -> None:
    """API notes 7.15: nothing of the request, and a query of its own is kept."""
    server.post(PATH, {"authSuccessRedirectUrl": f"{SITE}/in/?shop=1#top"})
    body = {"username": "ada@example.com", "fullName": "Ada", "redirectURL": "http://evil.example"}
    start = browser.post("/v1/users/passkey/register/start", body).data["challenge"]
    url = browser.finish("register", browser.authenticator.create(start)).data["redirectURL"]
    assert url.startswith(f"{SITE}/in/?shop=1&corbadoAuthToken=")
    assert list(parse_qs(urlsplit(url).query)) == ["shop", "corbadoAuthToken"]
