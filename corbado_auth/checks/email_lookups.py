"""Checks that lookups by address find people, and do not read the whole user table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError

from . import ids


def check_email_lookups(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that users are found by their addresses, and in a large table by an index.

    Says nothing if no database may be queried, if the table does not exist yet (``migrate`` runs
    the checks first), or about an index up to 10,000 users.
    """
    if not databases or not apps.is_installed("django.contrib.auth"):
        return []
    try:
        return [*_blind(databases), *_slow(databases)]
    except DatabaseError:
        return []


def _blind(databases: Sequence[str]) -> Iterator[CheckMessage]:
    from corbado_auth.backends import corbado_backend
    from corbado_auth.local_users import email_field_name, lookup_is_blind
    from corbado_auth.models import db_for_write

    backend, using = corbado_backend(), db_for_write()
    if backend is None or not backend._finds_by_address() or using not in databases:
        return
    # Without a field no database has to be queried: another check reports that.
    if email_field_name() is not None and lookup_is_blind(using=using):
        yield Warning(
            "Users are not found by the addresses that they have (is the field encrypted?), so "
            "a first sign-in through Corbado never finds an existing user, and is refused.",
            hint="In your backend, write match_user() to find the user in another way, such "
            "as by a column with a keyed digest of the address in lower case.",
            id=ids.EMAIL_LOOKUP_BLIND,
        )


def _slow(databases: Sequence[str]) -> Iterator[CheckMessage]:
    from corbado_auth.email_index import SMALL, EmailIndex

    index = EmailIndex.of_site()
    if index is None or not index.is_known or index.using not in databases:
        return
    if index.is_large() and not index.serves():
        yield Warning(
            f"There are more than {SMALL:,} users, and no index finds one by the address, ignoring "
            "case: each first sign-in and each call of the action webhook reads them all.",
            hint="Run manage.py corbado_email_index (with --sql it only prints the statement). "
            'See the documentation page "How to give email lookups an index".',
            id=ids.EMAIL_INDEX_MISSING,
        )
