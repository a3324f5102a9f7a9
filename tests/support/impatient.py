"""A migration that waits for nothing, so that tests of failures take no time."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from corbado_auth.existing_users import UserMigration


class ImpatientMigration(UserMigration):
    """Try again at once."""

    _first_wait = 0.01
    _longest_wait = 0.02
    filters = ("customers", "buyers", "sliced", "united")

    def customers(self, users: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out people of the site's own domain."""
        return users.exclude(email__endswith="@example.org")

    def sliced(self, users: QuerySet[Any]) -> QuerySet[Any]:
        """Return what no run can page through."""
        return users[:10]

    def buyers(self, users: QuerySet[Any]) -> QuerySet[Any]:
        """Return those in a group, once for each group."""
        return users.filter(groups__isnull=False)

    def united(self, users: QuerySet[Any]) -> QuerySet[Any]:
        """Return what cannot be filtered."""
        return users.union(users)
