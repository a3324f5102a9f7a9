"""Checks of the database: lookups by address need an index, and deletions may be pending."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from corbado_auth import email_index
from corbado_auth.backends import corbado_backend
from corbado_auth.deletion import count_pending_deletions
from corbado_auth.existing_users.second_users import count_pairs
from corbado_auth.local_users import (
    NOT_SEARCHABLE,
    count_spaced_addresses,
    lookup_is_blind,
)
from corbado_auth.models import db_for_write, db_of_users
from corbado_auth.switch import current_switch
from corbado_auth.user_names import count_user_names_as_addresses

from .finding import Finding, ok, warning, wrong

__all__ = ["addresses", "deletions", "email_lookups", "kill_switch", "second_local_users"]

EMAIL_INDEX = "Email index"
DELETIONS = "Deletions"
SECOND_USERS = "Second users"
SWITCH = "Switch"
ADDRESSES = "Addresses"


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
            "Run manage.py corbado_delete_pending; from cron, with --yes.",
        )


def kill_switch() -> Iterator[Finding]:
    """Report that passkeys are switched off: everything else may look right."""
    try:
        row = current_switch()
    except DatabaseError:
        return  # Other findings report it.
    if row is not None and not row.is_on:
        yield warning(
            SWITCH,
            f"Passkeys and links by email have been switched off since {row.changed_at:%Y-%m-%d}.",
            "Run manage.py corbado_switch on, or use the switch in the admin.",
        )


def second_local_users() -> Iterator[Finding]:
    """Report people who have two local users: the linked one is new, and most likely empty."""
    try:
        number = count_pairs()
    except (DatabaseError, *NOT_SEARCHABLE):
        return  # Other findings say so.
    if number:
        yield warning(
            SECOND_USERS,
            f"{number:,} {'person has' if number == 1 else 'people have'} two local users: the one "
            "they sign in as, and another one with their address.",
            "Run manage.py corbado_compare for a list (it looks at unconfirmed addresses, too), "
            "and corbado_merge for each of them.",
        )


def addresses() -> Iterator[Finding]:
    """Report what keeps users from being found by the addresses that they have."""
    try:
        backend = corbado_backend()
    except (ImproperlyConfigured, ImportError):
        return  # The checks say so.
    if backend is None or not backend._finds_by_address():
        return
    try:
        if lookup_is_blind(using=db_for_write()):
            yield wrong(
                ADDRESSES,
                "Users are not found by the addresses that they have, so nobody is recognised, and "
                "nobody new gets an account.",
                "Set EMAIL_FIELD on the user model to the field that has the address, or write "
                "match_user() on your backend (corbado_auth.W012, corbado_auth.W013).",
            )
            return
        spaced = count_spaced_addresses(using=db_for_write())
        named = count_user_names_as_addresses(using=db_for_write())
    except DatabaseError:
        return
    if spaced:
        yield warning(
            ADDRESSES,
            f"{spaced:,} {'user has' if spaced == 1 else 'users have'} an address with spaces "
            "around it: lookups find them, but corbado_migrate_users refuses them.",
            "Strip them in the database; the documentation page "
            '"How to move existing users over in bulk" says how.',
        )
    if named:
        yield warning(
            ADDRESSES,
            f"{named:,} {'user has' if named == 1 else 'users have'} an address as user name and "
            "none in the email field: a confirmed address links nobody there, so each is asked for "
            "the password once.",
            "If these addresses were proved, copy them to the email field.",
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
