"""SignInService: the wire samples go in, values or errors of ours come out."""

from __future__ import annotations

import base64
import json
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import responses
from django.test import override_settings
from responses import matchers

from corbado_auth.corbado_api.service import SignInService
from corbado_auth.exceptions import (
    CorbadoError,
    CorbadoRejected,
    CorbadoUnavailable,
    InvalidAuthToken,
)
from corbado_auth.identity import ClientInfo, CorbadoEmail, CorbadoUser
from tests.wire import NAMES, Sample, sample

BACKEND = "https://backendapi.corbado.io"
ADA = "usr-10264112935886989443"
CONFIRMED = CorbadoEmail("ada@example.com", "active")

USERS = {
    "validate_good": CorbadoUser(
        ADA, "Ada Example", (CONFIRMED, CorbadoEmail("ada@example.org", "pending"))
    ),
    "validate_pending_user": CorbadoUser(
        ADA, "Ada Example", (CorbadoEmail("ada@example.com", "pending"),), "pending"
    ),
    "validate_deleted_user": CorbadoUser(
        ADA, "Ada Example", (CONFIRMED, CorbadoEmail("ada@example.org", "pending")), "deleted"
    ),
    "validate_older_model": CorbadoUser(
        ADA, "Ada Example", (CONFIRMED, CorbadoEmail("ada@example.org", "pending"))
    ),
    "validate_unknown_fields": CorbadoUser(
        ADA, "Ada Example", (CONFIRMED, CorbadoEmail("ada@example.org", "verified")), "onboarding"
    ),
    "validate_null_emails": CorbadoUser(ADA, "Ada Example"),
}

# Sample -> (exception, Corbado's word for the error).
ERRORS: dict[str, tuple[type[CorbadoError], str]] = {
    "validate_unknown_token": (InvalidAuthToken, "not_found"),
    "validate_unknown_token_without_error": (InvalidAuthToken, ""),
    "validate_token_of_wrong_length": (InvalidAuthToken, "validation_error"),
    "validate_blank_token": (InvalidAuthToken, "validation_error"),
    "validate_blank_client_info": (CorbadoRejected, "validation_error"),
    "validate_wrong_secret": (CorbadoRejected, "login_error"),
    "validate_project_id_mismatch": (CorbadoRejected, "project_id_mismatch"),
    "validate_invalid_origin": (CorbadoRejected, "invalid_origin"),
    "validate_invalid_json": (CorbadoRejected, "invalid_json"),
    "validate_rate_limited": (CorbadoUnavailable, "rate_limited"),
    "validate_internal_error": (CorbadoUnavailable, "internal_error"),
}

OF_THE_CONFIG = {"project_config_good", "project_config_wrong_secret"}


@pytest.fixture
def corbado() -> Any:
    """Answer what is registered, and fail for any other call, and for one that never came."""
    with responses.RequestsMock() as mock:
        yield mock


def answer_with(corbado: Any, wire: Sample, **changes: Any) -> None:
    """Answer exactly the request of a sample: its method, path and body."""
    body = [] if wire.request is None else [matchers.json_params_matcher(wire.request)]
    corbado.add(
        wire.method,
        BACKEND + wire.path,
        body=json.dumps(changes.get("json", wire.answer)),
        status=wire.status,
        headers={**wire.headers, **changes.get("headers", {})},
        match=body,
    )


def validate(wire: Sample) -> CorbadoUser:
    """Ask what the sample asks."""
    client_info = wire.request["clientInfo"]
    return SignInService().validate_auth_token(
        wire.request["token"], ClientInfo(client_info["remoteAddress"], client_info["userAgent"])
    )


def test_every_sample_is_fed_to_the_service() -> None:
    of_a_sign_in = {name for name in NAMES if name.startswith(("validate_", "project_config_"))}
    assert of_a_sign_in == USERS.keys() | ERRORS.keys() | OF_THE_CONFIG


@pytest.mark.parametrize("name", USERS)
def test_a_good_answer_is_a_corbado_user(name: str, corbado: Any) -> None:
    answer_with(corbado, sample(name))
    assert validate(sample(name)) == USERS[name]


@pytest.mark.parametrize("name", ERRORS)
def test_a_failure_is_named_after_who_must_act(name: str, corbado: Any) -> None:
    wire = sample(name)
    answer_with(corbado, wire)
    expected, error_type = ERRORS[name]
    with pytest.raises(CorbadoError) as caught:
        validate(wire)
    assert type(caught.value) is expected
    assert caught.value.status_code == wire.status
    assert caught.value.error_type == error_type
    assert caught.value.request_id == wire.answer["requestData"]["requestID"]
    assert str(wire.status) in str(caught.value)
    assert caught.value.request_id in str(caught.value)


def test_the_request_identifies_the_site_and_no_visitor(corbado: Any) -> None:
    answer_with(corbado, sample("validate_good"))
    validate(sample("validate_good"))
    (call,) = corbado.calls
    basic = base64.b64encode(b"pro-1234567890:corbado1_made-up-secret-of-the-tests").decode()
    assert call.request.headers["Authorization"] == f"Basic {basic}"
    assert call.request.headers["X-Corbado-ProjectID"] == "pro-1234567890"
    assert call.request.headers["Content-Type"] == "application/json"
    assert set(json.loads(call.request.headers["X-Corbado-SDK"])) == {
        "name",
        "sdkVersion",
        "languageVersion",
    }
    # A server that sends an Origin is answered `invalid_origin` (API notes 1.3).
    assert not {"Origin", "Cookie", "Referer"} & set(call.request.headers)


@pytest.mark.parametrize("missing", ["CORBADO_PROJECT_ID", "CORBADO_API_SECRET"])
def test_corbado_is_not_asked_without_credentials(missing: str, corbado: Any) -> None:
    with override_settings(**{missing: ""}), pytest.raises(CorbadoRejected, match=missing):
        validate(sample("validate_good"))
    assert len(corbado.calls) == 0


def test_project_config_is_read_without_its_secrets(corbado: Any) -> None:
    answer_with(corbado, sample("project_config_good"))
    config, clock = SignInService().project_config()
    assert config.project_id == "pro-1234567890"
    assert config.redirect_url == "https://shop.example.com/corbado/redirect/"
    assert config.application_url == "https://shop.example.com/corbado/login/"
    assert config.frontend_api_url == "https://pro-1234567890.frontendapi.corbado.io"
    assert config.webhook_url == "https://shop.example.com/corbado/webhooks/actions/"
    assert config.environment == "prod"
    assert clock == datetime(2024, 5, 3, 10, 20, 30, tzinfo=UTC)
    assert "made-up" not in repr(config)


def test_project_config_refused_is_our_configuration(corbado: Any) -> None:
    answer_with(corbado, sample("project_config_wrong_secret"))
    with pytest.raises(CorbadoRejected, match="401"):
        SignInService().project_config()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("17", 17, id="seconds"),
        pytest.param("0", 0, id="zero"),
        pytest.param("99999999999999999999", 999_999_999, id="very-many"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("soon", None, id="word"),
        pytest.param("", None, id="empty"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0, id="past-date"),
        pytest.param("Thu, 99 Jan 1970 00:00:00 GMT", None, id="no-such-date"),
        pytest.param(f"Thu, 01 Jan {'9' * 20} 00:00:00 GMT", None, id="no-such-year"),
        pytest.param(f"Thu, 01 Jan 1970 00:00:00 +{'9' * 24}", None, id="no-such-zone"),
    ],
)
def test_retry_after_is_read_or_ignored(header: str, seconds: int | None, corbado: Any) -> None:
    answer_with(corbado, sample("validate_rate_limited"), headers={"Retry-After": header})
    with pytest.raises(CorbadoUnavailable) as caught:
        validate(sample("validate_rate_limited"))
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("use_tz", [True, False])
def test_retry_after_may_be_a_date(corbado: Any, settings: Any, use_tz: bool) -> None:
    settings.USE_TZ = use_tz
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=45), usegmt=True)
    answer_with(corbado, sample("validate_rate_limited"), headers={"Retry-After": date})
    with pytest.raises(CorbadoUnavailable) as caught:
        validate(sample("validate_rate_limited"))
    assert caught.value.retry_after in range(1, 46)


def test_an_error_that_echoes_what_we_sent_leaks_nothing(corbado: Any) -> None:
    wire = sample("validate_unknown_token")
    secrets = [wire.request["token"], "corbado1_made-up-secret-of-the-tests"]
    echo = {
        "httpStatusCode": 409,
        "message": secrets[0],
        "requestData": {"requestID": secrets[1], "link": secrets[0]},
        "runtime": 0.1,
        "error": {
            "type": secrets[1],
            "links": secrets,
            "details": secrets[1],
            "validation": [{"field": secret, "message": secret} for secret in secrets],
        },
    }
    answer_with(corbado, wire, json=echo)
    with pytest.raises(CorbadoError) as caught:
        validate(wire)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not any(secret in told for secret in secrets)
