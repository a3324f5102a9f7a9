"""The possible outcomes of moving one existing user, and what each reason means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from string import digits
from typing import ClassVar, Literal, Self

from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_noop

__all__ = ["MOVED", "REASONS", "Kind", "Outcome", "Question"]

Kind = Literal["created", "linked", "skipped", "refused", "eligible"]
# The kinds that link the user to a Corbado user.
MOVED = {"created", "linked"}

# Reason code -> its meaning, which commands print in English and the admin in its own language.
# What to do about each: docs/how-to-existing-users.md.
REASONS = {
    "already_linked": gettext_noop("has already been moved"),
    "inactive": gettext_noop("is_active is off"),
    "staff": gettext_noop("is staff or a superuser; --include-staff moves them too"),
    "gone": gettext_noop("was deleted, or left the queryset, in the meantime"),
    "no_email": gettext_noop("has no address"),
    "invalid_email": gettext_noop("has an invalid address"),
    "duplicate_email": gettext_noop("shares the address with another local user, ignoring case"),
    "unproven_email": gettext_noop(
        "never proved that the address is theirs (local_emails_are_verified)"
    ),
    "emails_unanswered": gettext_noop("may not own the address: answer corbado_auth.W006 first"),
    "corbado_user_unconfirmed": gettext_noop(
        "someone registered the address at Corbado and never confirmed it"
    ),
    "corbado_user_deleted": gettext_noop(
        "the Corbado user with this address is deleted or disabled"
    ),
    "corbado_user_has_other_account": gettext_noop(
        "the Corbado user belongs to another local user"
    ),
    "ambiguous_at_corbado": gettext_noop("several Corbado users have the address"),
    "taken_at_corbado": gettext_noop("Corbado says that the address is taken, but not by whom"),
    "rejected_by_corbado": gettext_noop("Corbado does not accept the address or the name"),
    "no_answer": gettext_noop("Corbado gave no proper answer, several times in a row"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for one user: ``reason`` is a code, empty if the user has been moved.

    A dry run says ``eligible`` for a user about whom Corbado would be asked.
    """

    kind: Kind
    reason: str = ""
    corbado_user_id: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is recorded before a request to Corbado: the time, and a request ID.

    Corbado stores the ID (``req-…``) with the request.
    """

    # The prefix of Corbado's own (API notes 1.2).
    MARK: ClassVar = "req-"

    asked_at: datetime
    request_id: str

    @classmethod
    def now(cls) -> Self:
        """Return a question asked now, with a fresh ID."""
        return cls(timezone.now(), f"{cls.MARK}{get_random_string(20, digits)}")
