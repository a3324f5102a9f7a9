"""Checks of the database: lookups by address need an index, and deletions may be pending."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from corbado_auth import email_index
from corbado_auth.deletion import count_pending_deletions
from corbado_auth.models import db_for_write, db_of_users

from .finding import Finding, ok, warning

__all__ = ["deletions", "email_lookups"]

EMAIL_INDEX = "Email index"
DELETIONS = "Deletions"


def deletions() -> Iterator[Finding]:
    """Report users who are deleted here but not yet at Corbado (``delete_at_corbado``)."""
    try:
        left = count_pending_deletions()
    except (DatabaseError, ImproperlyConfigured):
        return  # Other findings report it.
    if left:
        yield warning(
            DELETIONS,
            f"{left:,} users have been deleted here but not yet at Corbado.",
            "Run manage.py corbado_delete_pending, for instance from cron.",
        )


def email_lookups() -> Finding:
    """Report how the database finds a user by address, and what would make that fast."""
    if db_of_users() != db_for_write():
        return warning(
            EMAIL_INDEX, "Users are in another database than accounts.", "See the checks below."
        )
    index = email_index.EmailIndex.of_site()
    if index is None:
        return ok(EMAIL_INDEX, "The user model has no email field, so there are no lookups.")
    vendor = index.connection.vendor
    if not index.is_known:
        return warning(
            EMAIL_INDEX,
            f"We do not know which index {vendor} needs.",
            'The documentation page "How to give email lookups an index" shows the query '
            "that it has to support.",
        )
    try:
        if index.serves():
            return ok(EMAIL_INDEX, "An index finds users by their address, ignoring case.")
        statement = " ".join(index.statements())
        if not index.is_large():
            return ok(
                EMAIL_INDEX,
                f"None, and none is needed up to {email_index.SMALL:,} users. Once there are "
                f"more, manage.py corbado_email_index does this: {statement}",
            )
    except DatabaseError as error:
        return warning(
            EMAIL_INDEX,
            f"The database {index.using!r} does not answer ({type(error).__name__}).",
            "Run manage.py migrate; then run this again.",
        )
    return warning(
        EMAIL_INDEX,
        f"No index finds a user by the address, ignoring case: {vendor} reads more than "
        f"{email_index.SMALL:,} users each time.",
        f"Run manage.py corbado_email_index. It does this: {statement}",
    )
