"""The values that travel between the rooms: who Corbado vouched for, and who asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["ClientInfo", "CorbadoEmail", "ConnectUser", "CorbadoUser", "Passkey"]


@dataclass(frozen=True, slots=True)
class CorbadoEmail:
    """Hold one address of a Corbado user with Corbado's status word for it."""

    # An address is personal: a repr may end up in a log.
    address: str = field(repr=False)
    status: str

    @property
    def is_verified(self) -> bool:
        """Tell whether the person proved to own the address.

        That ``active`` means "confirmed" is INFERRED (API notes 1.3).
        """
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class CorbadoUser:
    """Hold the person that Corbado vouched for at one sign-in.

    ``id`` is Corbado's ``usr-…`` (ASCII, at most 64 characters); ``status`` is Corbado's word
    (``active``, ``pending``, ``deleted``; others may come and are kept).
    """

    id: str
    full_name: str = field(default="", repr=False)
    emails: tuple[CorbadoEmail, ...] = ()
    status: str = "active"
    created: datetime | None = field(default=None, compare=False)

    @property
    def verified_emails(self) -> tuple[str, ...]:
        """List the confirmed addresses, in Corbado's order."""
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
        """Tell whether Corbado says that this user no longer exists or was disabled.

        ``deleted`` is what reads return, ``disabled`` what an update may set (API notes 1.5).
        """
        return self.status in {"deleted", "disabled"}


@dataclass(frozen=True, slots=True)
class ConnectUser:
    """Hold whom Corbado Connect vouched for at one sign-in.

    ``handle`` is the site's own and decides who signs in. ``corbado_user_id`` is Corbado's
    ``usr-…``, for support and deletion alone; it may be empty.
    """

    handle: str
    corbado_user_id: str = ""


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Hold the two facts about the visitor that Corbado requires (API notes 1.3): never empty."""

    remote_address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """Hold one passkey of a Corbado user as people know it (API notes 1.6).

    ``id`` is Corbado's ``cre-…``, or empty where it has another form; names may be empty; times
    are aware, or None where unknown.
    """

    id: str
    authenticator: str = ""
    user_agent: str = ""
    last_used_device: str = ""
    created: datetime | None = None
    last_used: datetime | None = None
    is_synced: bool = False

    @staticmethod
    def is_id(text: str) -> bool:
        """Tell whether a text has the form of a passkey ID (API notes 2).

        Corbado's have digits alone; letters are let through, a slash or dots would be read as a
        path of Corbado's API.
        """
        return re.fullmatch(r"cre-[0-9A-Za-z]{1,60}", text) is not None

    @property
    def was_used(self) -> bool:
        """Tell whether the passkey has signed somebody in since it was made."""
        return self.last_used is not None and self.last_used != self.created
