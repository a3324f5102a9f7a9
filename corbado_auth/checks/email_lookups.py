"""Does each lookup by address read the whole user table?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError

from . import ids


def check_email_lookups(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that many users are not looked up without an index.

    Says nothing where no database is asked, of a table that is not there yet (``migrate`` runs the
    checks first), and up to 10,000 users.
    """
    if not databases or not apps.is_installed("django.contrib.auth"):
        return []
    from corbado_auth.email_index import SMALL, EmailIndex

    index = EmailIndex.of_site()
    if index is None or not index.is_known or index.using not in databases:
        return []
    try:
        if not index.is_large() or index.serves():
            return []
    except DatabaseError:
        return []
    return [
        Warning(
            f"There are more than {SMALL:,} users, and no index finds one by the address, case "
            "aside: each first sign-in and each question of the action webhook reads them all.",
            hint="Run manage.py corbado_email_index (with --sql it only prints the statement). "
            'See the documentation page "How to give email lookups an index".',
            id=ids.EMAIL_INDEX_MISSING,
        )
    ]
