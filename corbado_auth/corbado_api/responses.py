"""Parsing Corbado's responses: strictly where we depend on them, leniently where we don't.

Every function takes decoded JSON and returns one of our own types, or raises ValueError with a
message that names the field but never its content.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from corbado_auth.identity import (
    CorbadoEmail,
    CorbadoUser,
    EventEndpoint,
    Passkey,
    ProjectConfig,
    is_passkey_id,
)
from corbado_auth.telemetry import SecretText

__all__ = [
    "Failure",
    "read_association_token",
    "read_connect_handle",
    "read_connect_passkeys",
    "read_connect_token",
    "read_connect_user",
    "read_created_user_id",
    "read_email_link_id",
    "read_event_endpoints",
    "read_failure",
    "read_identifier_owner",
    "read_passkeys",
    "read_project_config",
    "read_user",
    "read_user_answer",
    "read_users",
    "read_validated_link",
    "read_validated_user",
    "read_verification_result",
]

MAX_ID = 64
# RFC 5321, section 4.5.3.1.3, without the brackets; also the length of Django's EmailField.
MAX_ADDRESS = 254
MAX_NAME = 300
# What may reach the log: too short for an auth token (64 characters), and no API secret
# (``corbado1_…``), in case a response echoes one in place of a code.
# Prefix, hyphen, digits (API notes 2); other letters may appear.
ID = re.compile(r"[0-9A-Za-z_-]+")
ERROR_TYPE = re.compile(r"[a-z_]{1,40}")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,40}")
FIELD = re.compile(r"[A-Za-z.]{1,40}")

Json = dict[str, Any]


class Failure(NamedTuple):
    """An error response: Corbado's type, request ID and the rejected fields.

    ``is_envelope`` is False if the response is not Corbado's at all (API notes 1.2); ``is_taken``
    is True if something that must be unique exists already.
    """

    is_envelope: bool = False
    error_type: str = ""
    request_id: str = ""
    fields: frozenset[str] = frozenset()
    is_taken: bool = False


def read_validated_user(answer: Json) -> CorbadoUser:
    """Read the answer of ``authTokens/validate`` (API notes 1.3)."""
    data = _object(answer.get("data"), "data")
    user = read_user(_object(data.get("user"), "data.user"))
    # Two different IDs would leave open who has signed in.
    if data.get("userID") != user.id:
        raise ValueError("data.userID and data.user.ID differ")
    return user


def read_user(user: Json) -> CorbadoUser:
    """Read a ``fullUser`` (API notes 1.3)."""
    return CorbadoUser(
        id=_identifier(user.get("ID"), "user.ID"),
        full_name=_display_text(user.get("fullName")),
        emails=tuple(_email(_object(email, "user.emails[]")) for email in _list(user, "emails")),
        status=_display_text(user.get("status")),
        created=_moment(user.get("created")),
    )


def read_user_answer(answer: Json) -> CorbadoUser:
    """Read the answer of ``users/{userID}`` (API notes 1.5)."""
    return read_user(_object(answer.get("data"), "data"))


def read_connect_user(answer: Json) -> CorbadoUser:
    """Read the answer of Connect's ``users/{userID}``, which has no envelope (API notes C.3.2)."""
    return CorbadoUser(
        id=_identifier(answer.get("userID"), "userID"),
        full_name=_display_text(answer.get("fullName")),
        status=_display_text(answer.get("status")),
        created=_moment(answer.get("created")),
    )


def read_connect_handle(answer: Json) -> str:
    """Read the site's own ID for a user from Connect's ``users/{userID}`` (API notes C.3.2)."""
    handle = answer.get("explicitWebauthnID")
    return handle if isinstance(handle, str) and handle.isprintable() else ""


def read_event_endpoints(answer: Json) -> list[EventEndpoint]:
    """Read the URLs that events are sent to, without their passwords (API notes 6.3)."""
    rows = [_object(row, "webhookEndpoints[]") for row in _list(answer, "webhookEndpoints")]
    return [
        EventEndpoint(
            url=_display_text(row.get("url")),
            events=frozenset(map(_display_text, _list(row, "subscribedEvents"))),
            has_credentials=bool(row.get("basicAuthUsername") and row.get("basicAuthPassword")),
        )
        for row in rows
    ]


CONNECT_SWITCHES = (
    *("loginKillSwitchActive", "appendKillSwitchActive", "manageKillSwitchActive"),
    *("requireConnectLoginToken", "requireWhitelistedIdentifier"),
    *("immediatePostLogin", "cookieDomain"),
)


def read_connect_switches(answer: Json) -> frozenset[str]:
    """Read which of a Connect project's switches are on (API notes C.3.2)."""
    if not any(name in answer for name in CONNECT_SWITCHES):
        raise ValueError("there are no switches in it")
    return frozenset(name for name in CONNECT_SWITCHES if answer.get(name))


def read_connect_passkeys(answer: Json) -> list[Passkey]:
    """Read a list of Connect's passkeys without those that are pending (API notes C.3.2)."""
    rows = [_object(row, "credentials[]") for row in _list(answer, "credentials")]
    return [Passkey(**_of_passkey(row)) for row in rows if row.get("status") != "pending"]


def read_users(answer: Json) -> tuple[list[CorbadoUser], int]:
    """Read a page of users, and how many pages there are (API notes 1.4)."""
    data = _object(answer.get("data"), "data")
    users = [read_user(_object(user, "data.users[]")) for user in _list(data, "users")]
    pages = _object(data.get("paging"), "data.paging").get("totalPages")
    if not isinstance(pages, int):
        raise ValueError("data.paging.totalPages is not a number")
    return users, pages


def read_created_user_id(answer: Json) -> str:
    """Read the answer to creating a user (API notes 1.5)."""
    return _identifier(_object(answer.get("data"), "data").get("userID"), "data.userID")


def read_association_token(answer: Json) -> tuple[str, str]:
    """Read (token, reason for a refusal): one of them is empty (API notes 1.7)."""
    data = _object(answer.get("data"), "data")
    token = data.get("token")
    if not token:
        return "", _word(data.get("rejectionReason"), ERROR_TYPE) or "no reason given"
    if not isinstance(token, str) or not token.startswith("ast1_") or not token.isascii():
        raise ValueError("data.token is not an association token")
    return SecretText(token), ""


def read_verification_result(answer: Json) -> str:
    """Read Connect's verdict on a ``signedPasskeyData`` (API notes C.3.2)."""
    result = answer.get("verificationResult")
    if not isinstance(result, str):
        raise ValueError("verificationResult is not a string")
    return _word(result, ERROR_TYPE) or "an undocumented result"


def read_identifier_owner(answer: Json, value: str) -> str:
    """Return the owner of this identifier, or an empty string (API notes C.3.2)."""
    rows = [_object(row, "identifiers[]") for row in _list(answer, "identifiers")]
    owners = [row.get("userID") for row in rows if row.get("value") == value]
    return _identifier(owners[0], "identifiers[].userID") if owners else ""


def read_connect_token(answer: Json) -> str:
    """Read a connect token (API notes C.3.2); its prefix ``ctk`` is not relied on."""
    secret = answer.get("secret")
    if not isinstance(secret, str) or not 0 < len(secret) <= 256:
        raise ValueError("secret is not a connect token")
    if not (secret.isascii() and secret.isprintable()):
        raise ValueError("secret has characters that no token has")
    return SecretText(secret)


def read_email_link_id(answer: Json) -> str:
    """Read the answer to sending an email link (API notes 1.9)."""
    data = _object(answer.get("data"), "data")
    return _identifier(data.get("emailLinkID"), "data.emailLinkID")


def read_validated_link(answer: Json) -> str:
    """Read whose link was validated: at the top level of the answer (API notes 1.9)."""
    return _identifier(answer.get("userID"), "userID")


def read_passkeys(answer: Json) -> list[Passkey]:
    """Read a list of passkeys, leaving out those that are not active yet (API notes 1.6)."""
    rows = [_object(row, "rows[]") for row in _list(answer, "rows")]
    return [
        Passkey(
            authenticator=_display_text(row.get("authenticatorName")),
            user_agent=_display_text(row.get("userAgent")),
            last_used_device=_display_text(row.get("lastUsedDeviceName")),
            **_of_passkey(row),
        )
        for row in rows
        if row.get("status") != "pending"
    ]


def _of_passkey(row: Json) -> dict[str, Any]:
    """Return what both products say of a passkey."""
    return {
        "id": _passkey_id(row.get("id")),
        "created": _moment(row.get("created")),
        "last_used": _moment(row.get("lastUsed")),
        "is_synced": row.get("backupState") is True,
    }


def read_project_config(answer: Json) -> ProjectConfig:
    """Read the response of ``projectConfig``; missing values become empty strings."""
    data = _object(answer.get("data"), "data")
    double_opt_in = data.get("doubleOptIn")
    return ProjectConfig(
        project_id=_identifier(data.get("projectID"), "data.projectID"),
        redirect_url=_display_text(data.get("authSuccessRedirectUrl")),
        application_url=_display_text(data.get("applicationUrl")),
        frontend_api_url=_display_text(data.get("frontendAPIUrl")),
        webhook_url=_display_text(data.get("webhookURL")),
        environment=_display_text(data.get("environment")),
        relying_party_id=_display_text(data.get("webauthnRPID")),
        double_opt_in=double_opt_in if isinstance(double_opt_in, bool) else None,
    )


def read_failure(answer: object) -> Failure:
    """Read an error response; never raises, since errors can have any body.

    Some of Corbado's 404 bodies have no ``error`` (API notes 1.2), but are envelopes.
    """
    if not isinstance(answer, dict) or type(answer.get("httpStatusCode")) is not int:
        return Failure()
    error = answer.get("error")
    error = error if isinstance(error, dict) else {}
    validation = error.get("validation")
    validation = validation if isinstance(validation, list) else []
    fields = (entry.get("field") for entry in validation if isinstance(entry, dict))
    return Failure(
        is_envelope=True,
        error_type=_word(error.get("type"), ERROR_TYPE),
        request_id=read_request_id(answer),
        fields=frozenset(_word(field, FIELD) for field in fields) - {""},
        is_taken=_is_taken(error, validation),
    )


def read_request_id(answer: Json) -> str:
    """Return Corbado's request ID, for the log, or an empty string."""
    request_data = answer.get("requestData")
    if not isinstance(request_data, dict):
        return ""
    return _word(request_data.get("requestID"), REQUEST_ID)


def _is_taken(error: Json, validation: list[Any]) -> bool:
    """Recognize "exists already"; which of two forms Corbado uses when is INFERRED (1.5)."""
    messages = (entry.get("message") for entry in validation if isinstance(entry, dict))
    return error.get("type") == "already_exists" or any(
        isinstance(message, str) and "already exists" in message for message in messages
    )


def _email(email: Json) -> CorbadoEmail:
    address = email.get("email")
    if not isinstance(address, str):
        raise ValueError("user.emails[].email is not a string")
    status = email.get("status")
    # The status decides who is who: taken exactly as sent, or not at all.
    known = status if isinstance(status, str) and status == _display_text(status) else "unknown"
    # An impossible address is kept, but matches nobody.
    usable = address.isprintable() and " " not in address and "@" in address[1:-1]
    usable = usable and len(address) <= MAX_ADDRESS
    if not usable:
        return CorbadoEmail("", "unusable")
    return CorbadoEmail(address, known)


def _list(value: Json, name: str) -> list[Any]:
    # Go encodes an empty list as null (INFERRED from Corbado's language); missing is not empty.
    items = value.get(name, "missing")
    if items is not None and not isinstance(items, list):
        raise ValueError(f"{name} is not a list")
    return items or []


def _moment(value: object) -> datetime | None:
    """Read a time with or without a zone; the default is UTC (INFERRED, API notes 2)."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _object(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not an object")
    return value


def _identifier(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
        raise ValueError(f"{name} is not a string of 1 to {MAX_ID} characters")
    # A slash or dots would change the path of the API call.
    if not ID.fullmatch(value):
        raise ValueError(f"{name} has characters that no ID has")
    return value


def _passkey_id(value: object) -> str:
    """Return an ID in the documented form, or nothing: such a passkey is shown without a link."""
    return value if isinstance(value, str) and is_passkey_id(value) else ""


def _display_text(value: object) -> str:
    """Return the part that can be shown and stored: no NUL (databases), no lone surrogates."""
    if not isinstance(value, str):
        return ""
    return "".join(filter(str.isprintable, value[: 2 * MAX_NAME]))[:MAX_NAME]


def _word(value: object, form: re.Pattern[str]) -> str:
    """Return a code that may be logged, or an empty string if it is not one."""
    return value if isinstance(value, str) and form.fullmatch(value) else ""
