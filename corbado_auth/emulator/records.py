"""The records of a project. They are frozen: a change replaces the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Record(Protocol):
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class User:
    """A user; ``status`` is active, pending or disabled (read as ``deleted``: INFERRED 7)."""

    id: str
    name: str
    full_name: str
    status: str
    created: float
    updated: float
    # An unfinished sign-up may start again; a user of the backend API may not be taken over.
    signed_up: bool = False


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """An email address or phone number of a user; ``active`` means verified."""

    id: str
    user_id: str
    kind: str
    value: str
    status: str
    created: float
    updated: float

    @property
    def key(self) -> str:
        return identifier_key(self.kind, self.value)


def identifier_key(kind: str, value: str) -> str:
    """Return the key by which an address is unique, ignoring case (INFERRED 5)."""
    return f"{kind}:{value.strip().lower()}"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A passkey. ``webauthn_id`` and ``public_key`` are base64url."""

    id: str
    user_id: str
    webauthn_id: str
    public_key: str
    sign_count: int
    aaguid: str
    attestation_type: str
    transports: list[str]
    backup_eligible: bool
    backed_up: bool
    status: str
    authenticator_id: str
    user_agent: str
    created: float
    last_used: float
    last_user_agent: str


@dataclass(frozen=True, kw_only=True)
class Ceremony:
    """A ceremony in progress; ``id`` is its challenge, all that a finish call has (API notes 0.6).

    ``typed`` is what was typed to start a Connect login.
    """

    id: str
    kind: str
    user_id: str
    expires: float
    typed: str = ""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token, whose ``id`` is the secret; ``kind`` is auth, session, association or login."""

    id: str
    kind: str
    user_id: str
    created: float
    expires: float
    used: float | None = None


@dataclass(frozen=True, kw_only=True)
class EmailLink:
    """A magic link and its email. ``link`` contains ``token``."""

    id: str
    user_id: str
    to: str
    purpose: str
    subject: str
    text: str
    token: str
    link: str
    created: float
    updated: float
    expires: float
    confirmed: bool = False
    # The polling tab gets its answer once.
    collected: bool = False
    additional_payload: str = ""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A webhook call to the site; ``body`` is what was sent, with the password masked."""

    id: str
    action: str
    url: str
    username: str
    body: str
    response_id: str
    status: int
    answer: str
    error: str
    runtime: float
    created: float


@dataclass(frozen=True, kw_only=True)
class ConnectUser:
    """A user of Corbado Connect.

    ``identifier`` is the site's own ID for the user, as in connect tokens; ``user_handle`` is the
    WebAuthn user handle, random base64url. ``shown_as`` is the name in the last passkey operation,
    which the one-tap button shows and sends back.
    """

    id: str
    identifier: str
    user_handle: str
    display_name: str
    status: str
    created: float
    updated: float
    shown_as: str = ""


@dataclass(frozen=True, kw_only=True)
class ConnectPasskey(Credential):
    """A passkey of a Connect user."""


@dataclass(frozen=True, kw_only=True)
class ConnectToken:
    """A connect token; ``status`` is initial or consumed."""

    id: str
    secret: str
    token_type: str
    identifier: str
    display_name: str
    status: str
    created: float
    expires: float


@dataclass(frozen=True, kw_only=True)
class SignedPasskeyData:
    """An issued ``signedPasskeyData``; ``id`` is its ``jti``."""

    id: str
    user_id: str
    created: float
    expires: float
    used: float | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint:
    """A URL of the site that events are sent to."""

    id: str
    url: str
    username: str
    password: str
    events: list[str]
    custom_headers: dict[str, Any]
    created: float
    updated: float


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A single value, such as the project config or the clock."""

    id: str
    value: Any
