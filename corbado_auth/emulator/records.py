"""Name what a project holds. Records are frozen: a change is a new record in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Record(Protocol):
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class User:
    """`status` is active, pending or disabled (the API reads it as `deleted`: INFERRED 7)."""

    id: str
    name: str
    full_name: str
    status: str
    created: float
    updated: float
    # A pending user who began to sign up may begin again; one made by the backend API may not be
    # taken over.
    signed_up: bool = False


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """An email address or a phone number of a user; `active` means that it was proven."""

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
    """Compare addresses without regard to case (INFERRED 5); one address has one user."""
    return f"{kind}:{value.strip().lower()}"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A passkey. `webauthn_id` and `public_key` are base64url."""

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
    """A ceremony under way; `id` is its challenge, all that a finish call brings (API notes 0.6).

    `typed` is what the person typed to begin a Connect login.
    """

    id: str
    kind: str
    user_id: str
    expires: float
    typed: str = ""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A secret, which is its own `id`; `kind` is auth, session, association or login."""

    id: str
    kind: str
    user_id: str
    created: float
    expires: float
    used: float | None = None


@dataclass(frozen=True, kw_only=True)
class EmailLink:
    """A magic link and the mail that carries it. `link` holds `token`."""

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
    """One webhook call to the site; `body` is what was sent, its password masked."""

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

    `identifier` is the site's own ID for this person, as connect tokens carry it; `user_handle` is
    the WebAuthn user handle, random base64url. `shown_as` is the name that the last passkey
    operation reported, which the one-tap button prints and sends back.
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
    """A connect token; `status` is initial or consumed."""

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
    """A `signedPasskeyData` that was issued; `id` is its `jti`."""

    id: str
    user_id: str
    created: float
    expires: float
    used: float | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value that is not a list of things: the project config, the clock."""

    id: str
    value: Any
