"""Values passed between modules: whom Corbado vouched for, and who asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["CorbadoEmail", "ConnectUser", "CorbadoUser", "Passkey"]


@dataclass(frozen=True, slots=True)
class CorbadoEmail:
    """An email address of a Corbado user and its status at Corbado."""

    # Personal data: a repr may end up in a log.
    address: str = field(repr=False)
    status: str

    @property
    def is_verified(self) -> bool:
        """Return whether the person has proved that they own the address.

        That ``active`` means "confirmed" is INFERRED (API notes 1.3).
        """
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class CorbadoUser:
    """The person whom Corbado vouched for in one sign-in.

    ``id`` is Corbado's ``usr-…`` (ASCII, at most 64 characters); ``status`` is as Corbado sends it
    (``active``, ``pending``, ``deleted``; unknown values are kept).
    """

    id: str
    full_name: str = field(default="", repr=False)
    emails: tuple[CorbadoEmail, ...] = ()
    status: str = "active"
    created: datetime | None = field(default=None, compare=False)

    @property
    def verified_emails(self) -> tuple[str, ...]:
        """Return the confirmed addresses, in Corbado's order."""
        return tuple(email.address for email in self.emails if email.is_verified)

    @property
    def verified_email(self) -> str:
        """Return the first confirmed address, or an empty string."""
        return next(iter(self.verified_emails), "")

    @property
    def unverified_emails(self) -> tuple[str, ...]:
        """List the addresses that nobody has confirmed yet and that are still there."""
        return tuple(
            email.address
            for email in self.emails
            if email.address and not email.is_verified and email.status != "deleted"
        )

    @property
    def is_gone(self) -> bool:
        """Return whether Corbado says that this user is deleted or disabled.

        Reads return ``deleted``; an update may set ``disabled`` (API notes 1.5).
        """
        return self.status in {"deleted", "disabled"}


@dataclass(frozen=True, slots=True)
class ConnectUser:
    """The person whom Corbado Connect vouched for in one sign-in.

    ``handle`` was issued by the site and decides who signs in. ``corbado_user_id`` is Corbado's
    ``usr-…``, only for support and deletion; it may be empty.
    """

    handle: str
    corbado_user_id: str = ""


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """What Corbado requires to know about the visitor (API notes 1.3); neither is ever empty."""

    remote_address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of a Corbado user, as shown to its owner (API notes 1.6).

    ``id`` is Corbado's ``cre-…``, or empty if it has another form; ``name`` is what the person
    calls it, where we know that; names may be empty; times are aware, or None if unknown.
    """

    id: str
    authenticator: str = ""
    user_agent: str = ""
    last_used_device: str = ""
    created: datetime | None = None
    last_used: datetime | None = None
    is_synced: bool = False
    name: str = ""

    @property
    def was_used(self) -> bool:
        """Return whether the passkey has been used since it was created."""
        return self.last_used is not None and self.last_used != self.created


@dataclass(frozen=True, slots=True)
class EventEndpoint:
    """A URL to which Corbado sends events, without its password (API notes 6.3)."""

    url: str
    events: frozenset[str]
    has_credentials: bool


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """A project's configuration at Corbado, without secrets (API notes 1.8)."""

    project_id: str
    redirect_url: str
    application_url: str
    frontend_api_url: str
    webhook_url: str
    environment: str
    relying_party_id: str
    double_opt_in: bool | None = None


def is_passkey_id(text: str) -> bool:
    """Return whether a text has the form of a passkey ID (API notes 2).

    Corbado's consist of digits; letters are accepted, too, but not slashes or dots, which would
    change the path of the API call.
    """
    return re.fullmatch(r"cre-[0-9A-Za-z]{1,60}", text) is not None
