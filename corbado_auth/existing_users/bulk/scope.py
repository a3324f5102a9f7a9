"""Which users a run considers, page by page: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Count, QuerySet, Value
from django.db.models.functions import Upper

from corbado_auth.existing_users.records import with_state
from corbado_auth.local_users import email_field_name, email_of

__all__ = ["PAGE", "Page", "Scope"]

PAGE = 200
Page = Sequence[Any]


class Scope:
    """The users of a run: a queryset, narrowed down to ``addresses`` if given."""

    def __init__(self, queryset: QuerySet[Any], addresses: Sequence[str] | None = None) -> None:
        self._queryset = queryset.order_by("pk")
        self._addresses = addresses
        # Addresses of the file that no user has had so far.
        self.unknown_addresses = {address.casefold() for address in addresses or ()}

    def count(self) -> int:
        """Return how many users there are."""
        return sum(each.aggregate(n=Count("pk", distinct=True))["n"] for each in self._parts())

    def pages(self) -> Iterator[Page]:
        """Yield the users by primary key, each of them once."""
        for queryset in self._parts():
            for page in _pages(with_state(queryset)):
                if self.unknown_addresses:
                    self.unknown_addresses -= {email_of(user).casefold() for user in page}
                yield page

    def _parts(self) -> Iterator[QuerySet[Any]]:
        if self._addresses is None:
            yield self._queryset
            return
        field = email_field_name()
        for start in range(0, len(self._addresses) if field else 0, PAGE):
            addresses = self._addresses[start : start + PAGE]
            # Databases differ in which letters have an upper case: only ASCII's, or all.
            forms = [Upper(Value(each)) for each in addresses]
            yield self._queryset.alias(_uppered=Upper(str(field))).filter(_uppered__in=forms)


def _pages(queryset: QuerySet[Any]) -> Iterator[Page]:
    """Page by primary key: an offset gets slower with each page, and skips users who move."""
    rows = list(queryset[:PAGE])
    while rows:
        # A filter over a to-many relation returns a user once per related row.
        yield list({user.pk: user for user in rows}.values())
        rows = list(queryset.filter(pk__gt=rows[-1].pk)[:PAGE])
