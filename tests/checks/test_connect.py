"""Checks and doctor for a site with Corbado Connect."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
import requests
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from corbado_auth.checks import ids
from corbado_auth.testing import Corbado

GOOD: dict[str, Any] = {"CORBADO_CONNECT": True, "CORBADO_WEBHOOK_SECRETS": ["pre-login:made-up"]}


def by_address(user: Any) -> str:
    return str(user.email)


def by_number(user: Any) -> str:
    return f"customer-{user.pk}"


def wants_a_saved_user(user: Any) -> str:
    return str(user.groups.get().name)


def returns_nothing(user: Any) -> None:
    return None


HERE = __name__


def found(settings: Any, *, deploy: bool = False, **changes: Any) -> dict[str, str]:
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    messages = run_checks(tags=["corbado_auth"], include_deployment_checks=deploy)
    assert all(message.hint for message in messages)
    return {str(message.id): str(message.msg) for message in messages}


def test_a_good_site_is_silent(settings: Any) -> None:
    assert found(settings) == {}


def test_questions_of_the_older_product_are_not_asked(settings: Any) -> None:
    quiet = found(
        settings, LOGIN_URL="/account/", CORBADO_API_SECRET="", CORBADO_BACKEND_API_KEY="k"
    )
    assert quiet == {}
    assert ids.LOGIN_URL_ELSEWHERE in found(settings, CORBADO_CONNECT="both")


@pytest.mark.parametrize(
    "changes",
    [
        {"CORBADO_CONNECT": "v2"},
        {"CORBADO_CONNECT_TOKEN_LIFETIME": "long"},
        {"CORBADO_CONNECT_TOKEN_LIFETIME": 0},
        {"CORBADO_CONNECT_PROJECT_ID": "4711"},
        {"CORBADO_CONNECT_PROJECT_ID": "pro-2"},
        {"CORBADO_CONNECT_CUSTOM_DOMAIN": "passkeys.example.com"},
        {"CORBADO_CONNECT_CUSTOM_DOMAIN": "https://passkeys.example.com/v2"},
        {"CORBADO_FRONTEND_API_SUFFIX": "https://frontendapi.corbado.io"},
        {"CORBADO_FRONTEND_API_SUFFIX": "frontendapi"},
        {"CORBADO_CONNECT_SCRIPT_URL": "web-js.js"},
        {"CORBADO_CONNECT_SCRIPT_URL": "https://"},
        {"CORBADO_CONNECT_IDENTIFIER": "nowhere.at.all"},
    ],
    ids=str,
)
def test_what_cannot_work_is_an_error(settings: Any, changes: dict[str, Any]) -> None:
    assert ids.CONNECT_MALFORMED in found(settings, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"CORBADO_CONNECT": "both"},
        {"CORBADO_CONNECT_PROJECT_ID": "pro-2", "CORBADO_CONNECT_API_SECRET": "corbado1_x"},
        {"CORBADO_CONNECT_PROJECT_ID": "pro-2", "CORBADO_BACKEND_API_KEY": "key"},
        {"CORBADO_CONNECT_CUSTOM_DOMAIN": "https://passkeys.example.com"},
        {"CORBADO_CONNECT_SCRIPT_URL": "/static/corbado.js"},
        {"CORBADO_CONNECT_IDENTIFIER": f"{HERE}.by_number"},
        {"CORBADO_CONNECT_IDENTIFIER": f"{HERE}.wants_a_saved_user"},
        {"CORBADO_CONNECT_IDENTIFIER": f"{HERE}.returns_nothing"},
        {"SESSION_COOKIE_DOMAIN": ".example.com"},
        {
            "SESSION_COOKIE_DOMAIN": "shop.example.com",
            "CORBADO_CONNECT_CUSTOM_DOMAIN": "https://passkeys.example.com",
        },
    ],
    ids=str,
)
def test_what_works_is_not_one(settings: Any, changes: dict[str, Any]) -> None:
    quiet = found(settings, **changes)
    assert not {ids.CONNECT_MALFORMED, ids.CONNECT_SESSION_COOKIE_TRAVELS} & quiet.keys()


@pytest.mark.parametrize("domain", [".example.com", "example.com", "passkeys.example.com"])
def test_a_session_cookie_that_corbado_would_get_is_told(settings: Any, domain: str) -> None:
    told = found(
        settings,
        SESSION_COOKIE_DOMAIN=domain,
        CORBADO_CONNECT_CUSTOM_DOMAIN="https://passkeys.example.com",
    )
    assert "session cookie" in told[ids.CONNECT_SESSION_COOKIE_TRAVELS]


EMULATOR = "http://localhost:9000"


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"CORBADO_BACKEND_API_URL": EMULATOR}, "CORBADO_CONNECT_CUSTOM_DOMAIN"),
        ({"CORBADO_CONNECT_CUSTOM_DOMAIN": EMULATOR}, "CORBADO_BACKEND_API_URL"),
    ],
)
def test_an_emulator_at_one_end_alone_is_told(
    settings: Any, changes: dict[str, Any], hint: str
) -> None:
    assert "does not know them" in found(settings, **changes)[ids.CONNECT_SPLIT]
    for warning in run_checks(tags=["corbado_auth"]):
        assert warning.id != ids.CONNECT_SPLIT or f'{hint} = "{EMULATOR}"' in str(warning.hint)


@pytest.mark.parametrize("backend", [EMULATOR, "http://emulator:9000"])
def test_an_emulator_at_both_ends_is_fine(settings: Any, backend: str) -> None:
    quiet = found(settings, CORBADO_BACKEND_API_URL=backend, CORBADO_CONNECT_CUSTOM_DOMAIN=EMULATOR)
    assert ids.CONNECT_SPLIT not in quiet


@pytest.mark.parametrize("name", ["CSRF_USE_SESSIONS", "CSRF_COOKIE_HTTPONLY"])
def test_a_csrf_token_that_the_script_cannot_read_is_told(settings: Any, name: str) -> None:
    assert name in found(settings, **{name: True})[ids.CONNECT_CSRF_UNREADABLE]


def test_an_address_as_identifier_is_told(settings: Any) -> None:
    told = found(settings, CORBADO_CONNECT_IDENTIFIER=f"{HERE}.by_address")
    assert "inherits" in told[ids.CONNECT_EMAIL_IDENTIFIER]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:9400", ids.EMULATOR_IN_PRODUCTION),
        ("http://passkeys.example.com", ids.NOT_ENCRYPTED),
        ("https://passkeys.example.com", ""),
    ],
)
@pytest.mark.parametrize("name", ["CORBADO_CONNECT_CUSTOM_DOMAIN", "CORBADO_CONNECT_SCRIPT_URL"])
def test_production_is_checked(settings: Any, name: str, url: str, expected: str) -> None:
    told = found(settings, deploy=True, **{name: url})
    named = {each for each, message in told.items() if message.startswith(name)}
    assert named == ({expected} if expected else set())


# The doctor -------------------------------------------------------------------------------------


def doctor(settings: Any, **changes: Any) -> str:
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    out = StringIO()
    try:
        call_command("corbado_doctor", stdout=out)
    except CommandError as error:
        out.write(str(error))
    return " ".join(out.getvalue().split())


@pytest.mark.django_db
def test_the_doctor_tries_the_credentials(corbado: Corbado, settings: Any) -> None:
    said = doctor(settings)
    assert "Corbado accepts project ID and API secret (pro-" in said
    assert "webhooks/connect/identifier/" in said
    # Of the older product, which the site does not use, nothing is asked or said.
    assert [call.path for call in corbado.requests] == [
        "/v2/passkey/verifySignedData",
        "/v2/connect/config",
        "/v2/webhookEndpoints",
    ]
    assert "Redirect URL" not in said


@pytest.mark.django_db
def test_the_doctor_asks_about_both(corbado: Corbado, settings: Any) -> None:
    said = doctor(settings, CORBADO_CONNECT="both")
    assert "Redirect URL" in said
    assert len(corbado.requests) == 4


@pytest.mark.django_db
def test_a_wrong_key_is_wrong(corbado: Corbado, settings: Any) -> None:
    said = doctor(settings, CORBADO_BACKEND_API_KEY="no-such-key")
    assert "Corbado rejects the backend API key for Connect" in said
    assert "no-such-key" not in said


@pytest.mark.django_db
def test_an_emulator_that_fails_is_wrong(corbado: Corbado, settings: Any) -> None:
    corbado.fail_next("/v2/passkey/verifySignedData", status=500)
    assert "Connect cannot be called" in doctor(settings)


@pytest.mark.django_db
def test_the_doctor_names_switches_that_stand_in_the_way(corbado: Corbado, settings: Any) -> None:
    assert "None of its switches stands in the way" in doctor(settings)
    corbado._control.turn_connect(loginKillSwitchActive=True, session="made-up")
    corbado._control.turn_connect(requireConnectLoginToken=True)
    said = doctor(settings)
    assert "loginKillSwitchActive: Signing in with a passkey is switched off." in said
    assert "requireConnectLoginToken: Corbado wants a token" in said
    assert "immediatePostLogin: If there is a post-login action" in said
    assert "appendKillSwitchActive" not in said


@pytest.mark.django_db
@pytest.mark.parametrize("failure", [{"status": 403}, {"status": 404}, {"body": "empty"}])
def test_switches_that_corbado_does_not_tell_are_no_fault(
    corbado: Corbado, settings: Any, failure: dict[str, Any]
) -> None:
    corbado.fail_next("/v2/connect/config", **failure)
    assert "does not say how its switches are set" in doctor(settings)


@pytest.mark.django_db
def test_without_secrets_typed_names_lead_to_the_password(corbado: Corbado, settings: Any) -> None:
    assert "only by autofill" in doctor(settings, CORBADO_WEBHOOK_SECRETS=None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({}, "sends events to http://testserver/corbado/webhooks/events/."),
        (
            {"subscribedEvents": ["user.deleted", "user.created"]},
            "but not passkey.created, pass",
        ),
        ({"basicAuthPassword": ""}, "without user name and password"),
        ({"url": "https://another.example.com/corbado/webhooks/events/x/"}, "sends none to"),
    ],
)
def test_the_doctor_asks_where_events_go(
    corbado: Corbado, settings: Any, changes: dict[str, Any], fact: str
) -> None:
    endpoint = {
        "url": "http://testserver/corbado/webhooks/events/",
        "basicAuthUsername": "corbado",
        "basicAuthPassword": "secret-of-the-endpoint",
        "subscribedEvents": ["user.updated", "user.deleted", "passkey.created", "passkey.deleted"],
        "customHeaders": {},
    }
    credentials = (settings.CORBADO_PROJECT_ID, settings.CORBADO_API_SECRET)
    url = f"{corbado.url}/v2/webhookEndpoints"
    made = requests.post(url, json={**endpoint, **changes}, auth=credentials, timeout=10)
    assert made.status_code == 200
    said = doctor(settings)
    assert fact in " ".join(said.split())
    assert "secret-of-the-endpoint" not in said


@pytest.mark.django_db
def test_a_project_that_may_not_ask_is_no_fault(corbado: Corbado, settings: Any) -> None:
    corbado.fail_next("/v2/webhookEndpoints", status=403)
    assert "does not say whether it sends events" in " ".join(doctor(settings).split())
