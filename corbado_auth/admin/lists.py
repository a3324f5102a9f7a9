"""Lists in the admin that stay quick with a million rows: their search, and their pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db import connections
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:
    Base = object
    AnyPaginator = Paginator

__all__ = ["HOW_MUCH", "LongList", "PagesFromBothEnds", "Reasons", "beginning_of"]

# What people have to type, added to ``search_help_text``.
HOW_MUCH = _("Write it in full; of a user name, the beginning is enough.")

# More rows than anyone looks through.
MOST_FOUND = 500


class PagesFromBothEnds(AnyPaginator):
    """A paginator whose pages cost about the same, wherever they are.

    A database that skips a million rows takes as long as one that returns them, so a page of the
    second half is read from the end. And while it sorts, it moves primary keys instead of rows.
    """

    def page(self, number: int | str) -> Page[Any]:
        """Return a page; the primary keys of its rows are read at once."""
        valid = self.validate_number(number)
        first = (valid - 1) * self.per_page
        after = min(first + self.per_page, self.count)
        rows: Any = self.object_list
        keys = rows.values_list("pk", flat=True)
        if first > self.count - after:
            keys, first, after = keys.reverse(), self.count - after, self.count - first
        return Page(rows.filter(pk__in=list(keys[first:after])), valid, self)


class Reasons(admin.AllValuesFieldListFilter):
    """A filter by the reasons that there are; a link for "no reason" would have no text."""

    lookup_choices: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Leave out the empty one."""
        super().__init__(*args, **kwargs)
        self.lookup_choices = self.lookup_choices.exclude(**{self.field_path: ""})


class LongList(Base):
    """A mixin for an admin whose list may have a million rows.

    ``search_fields`` are Django's, but each is looked up by itself, and not word by word: joined by
    OR across two tables, the database could use no index.
    """

    paginator = PagesFromBothEnds
    list_per_page = 50
    # Counting a million rows again, only to show the total, takes longer than the page.
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that match; if there are very many, the newest of some of them."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found: set[Any] = set()
        for lookup, value in self._lookups(request, queryset, term):
            matching = queryset.filter(**{lookup: value}).order_by()
            found.update(matching.values_list("pk", flat=True)[: MOST_FOUND + 1])
        if len(found) > MOST_FOUND and request.method == "GET":
            said = gettext("There are more matches than this list shows. Type more of it.")
            self.message_user(request, said, messages.WARNING, fail_silently=True)
        return queryset.filter(pk__in=sorted(found, reverse=True)[:MOST_FOUND]), False

    def _lookups(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> Iterator[tuple[str, str]]:
        for name in map(str, self.get_search_fields(request)):
            path, _separator, lookup = name.rpartition("__")
            if name.startswith("^"):
                yield f"{name[1:]}__istartswith", term
            elif name.startswith("="):
                yield f"{name[1:]}__iexact", term
            elif lookup == "startswith":
                yield from ((name, value) for value in dict.fromkeys([term, term.lower()]))
            elif lookup == "exact":
                if _is_value(queryset, path, term):
                    yield name, term
            else:
                yield f"{name}__icontains", term


def beginning_of(name: str, using: str) -> str:
    """Return the search for how a name begins that an ordinary unique field has an index for.

    On PostgreSQL that index distinguishes upper and lower case.
    """
    is_postgresql = connections[using].vendor == "postgresql"
    return f"{name}__startswith" if is_postgresql else f"^{name}"


def _is_value(queryset: QuerySet[Any], name: str, text: str) -> bool:
    """Return whether the field could have this value; PostgreSQL fails to compare others."""
    field: Any = queryset.model._meta.get_field(name)
    try:
        field.clean(text, None)
    except ValidationError:
        return False
    return True
