"""Which users a run looks at, page by page: memory does not grow with their number."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Upper

from corbado_auth.conf import conf
from corbado_auth.local_users import email_field_name, email_of
from corbado_auth.models import CorbadoAccount, MigrationAttempt

__all__ = ["PAGE", "Page", "Scope"]

PAGE = 200
Page = Sequence[Any]


class Scope:
    """The users of a run: a queryset, narrowed down to ``addresses`` where there are any.

    Users come with ``_corbado_user_id``, None where they have not moved.
    """

    def __init__(self, queryset: QuerySet[Any], addresses: Sequence[str] | None = None) -> None:
        account = CorbadoAccount.objects.filter(
            project_id=conf.CORBADO_PROJECT_ID, user_id=OuterRef("pk")
        )
        known = Subquery(account.values("corbado_user_id")[:1])
        self._queryset = queryset.annotate(_corbado_user_id=known).order_by("pk")
        self._addresses = addresses
        self._wanted = {address.casefold() for address in addresses or ()}

    @property
    def unknown_addresses(self) -> int:
        """Count the addresses that no user of the pages so far had."""
        return len(self._wanted)

    def count(self) -> int:
        """Return how many users there are."""
        return sum(queryset.count() for queryset in self._parts())

    def pages(self, attempts: QuerySet[MigrationAttempt] | None = None) -> Iterator[Page]:
        """Yield the users in the order of their primary keys, or those of ``attempts`` alone."""
        for queryset in self._parts():
            if attempts is not None:
                queryset = queryset.filter(pk__in=attempts.values("user_id"))
            for page in _pages(queryset):
                if self._wanted:
                    self._wanted.difference_update(email_of(user).casefold() for user in page)
                yield page

    def _parts(self) -> Iterator[QuerySet[Any]]:
        if self._addresses is None:
            yield self._queryset
            return
        field = email_field_name()
        for start in range(0, len(self._addresses) if field else 0, PAGE):
            addresses = self._addresses[start : start + PAGE]
            # Which letters have an upper case is for the database to say: ASCII's alone, or all.
            forms = [Upper(Value(each)) for each in addresses]
            yield self._queryset.alias(_uppered=Upper(str(field))).filter(_uppered__in=forms)


def _pages(queryset: QuerySet[Any]) -> Iterator[Page]:
    """Page by primary key: an offset would grow slower with each page, and miss who moves."""
    page = _read(queryset)
    while page:
        yield page
        page = _read(queryset.filter(pk__gt=page[-1].pk))


def _read(queryset: QuerySet[Any]) -> Page:
    """Read one page; each of its users knows since when what we know of them may be old."""
    read_at = time.monotonic()
    page = list(queryset[:PAGE])
    for user in page:
        user._read_at = read_at
    return page
