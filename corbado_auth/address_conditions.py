"""What a database compares to find an address in a column, with spaces around it or without.

Python decides in the end: a condition may also be true of other addresses. All of it is served by
the index of ``corbado_email_index``, so that nothing reads a million users:

- spaces sort before ``!`` everywhere, so an address that is followed by spaces lies between the
  same with a tab and with a ``!``;
- one that begins with spaces lies between tabs and a ``!`` before it, whether the collation of
  PostgreSQL compares bytes ("C"), looks at spaces first (ICU) or ignores them at first (glibc).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q, Value
from django.db.models.functions import Collate, Upper
from django.db.models.lookups import (
    EndsWith,
    Exact,
    GreaterThanOrEqual,
    IContains,
    LessThan,
    StartsWith,
)

__all__ = ["contains", "has_one_of", "is_one_of", "is_spaced", "parameters"]

# Sorts after all letters in some collations; spreadsheets leave one.
NO_BREAK_SPACE = "\xa0"
SPACES = " \t\r\n\v\f" + NO_BREAK_SPACE
# Sort before all other spaces, also before several of them; and after all spaces.
FIRST, AFTER = "\t", "!"
MANY = 8 * FIRST


def is_one_of(field: str, addresses: Collection[str]) -> Q:
    """Return the condition for a field of any class: as written, or one space at either end."""
    spaced = (
        f"{before}{address}{after}"
        for address in addresses
        for before in ("", " ")
        for after in ("", " ")
    )
    return _any(Q(**{f"{field}__iexact": each}) for each in spaced)


def has_one_of(field: str, addresses: Collection[str], vendor: str) -> Q:
    """Return the condition for plain text: any spaces around the address.

    Of the kinds of space beyond ASCII, one no-break space at either end.
    """
    column = _indexed(field, vendor)
    written = (form for each in addresses for form in _with_no_break_space(each))
    same = _any(Q(**{f"{field}__iexact": form}) for form in written)
    followed = _any(
        _lies_between(column, f"{each}{FIRST}", f"{each}{AFTER}", vendor) for each in addresses
    )
    preceded = _any(
        _lies_between(column, f"{MANY}{each}", f"{AFTER}{each}", vendor)
        & contains(field, each, vendor)
        for each in addresses
    )
    if vendor == "mysql":
        # Where a comparison pads with spaces, an empty address lies between them, too.
        preceded &= ~Q(Exact(column, Value("")))
    return same | followed | preceded


def is_spaced(field: str, vendor: str) -> Q:
    """Return the condition that the address begins or ends with a space of any kind."""
    text = _searchable(field, vendor)
    return _any(Q(end(text, space)) for end in (StartsWith, EndsWith) for space in SPACES)


def contains(field: str, text: str, vendor: str) -> Q:
    """Return the condition that the text is part of the address, ignoring case."""
    return Q(IContains(_searchable(field, vendor), text))


def parameters(address: str, connection: BaseDatabaseWrapper) -> list[str]:
    """Return the values that ``has_one_of`` compares with for one address."""
    within = connection.ops.prep_for_like_query(address)
    return [
        *map(connection.ops.prep_for_iexact_query, _with_no_break_space(address)),
        f"{address}{FIRST}",
        f"{address}{AFTER}",
        f"{MANY}{address}",
        f"{AFTER}{address}",
        f"%{within}%",
    ]


def _with_no_break_space(address: str) -> list[str]:
    return [address, f"{address}{NO_BREAK_SPACE}", f"{NO_BREAK_SPACE}{address}"]


def _indexed(field: str, vendor: str) -> Any:
    """Return what an index holds that serves ``iexact``."""
    if vendor == "mysql":
        return F(field)
    return Collate(field, "nocase") if vendor == "sqlite" else Upper(field)


def _searchable(field: str, vendor: str) -> Any:
    """Return what LIKE may search; PostgreSQL refuses a collation that ignores case."""
    return Collate(Upper(field), "C") if vendor == "postgresql" else F(field)


def _lies_between(column: Any, first: str, after: str, vendor: str) -> Q:
    bounds = [Value(each) for each in (first, after)]
    low, high = bounds if vendor in {"mysql", "sqlite"} else map(Upper, bounds)
    return Q(GreaterThanOrEqual(column, low)) & Q(LessThan(column, high))


def _any(conditions: Any) -> Q:
    found: Q = reduce(or_, conditions)
    return found
