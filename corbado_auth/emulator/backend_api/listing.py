"""Page, sort and filter a list (API notes 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from corbado_auth.emulator.wire import invalid

T = TypeVar("T")
# What a list can be sorted and filtered by: wire name -> value of a record.
Columns = Mapping[str, Callable[[T], Any]]


def page_of(
    records: Sequence[T], columns: Columns[T], query: MultiDict[str, str]
) -> tuple[Sequence[T], dict[str, int]]:
    """Return one page of the records and ``paging``; bad values are technical, hence 422."""
    for condition in query.getlist("filter[]"):
        records = [row for row in records if _passes(row, columns, condition)]
    if query.get("sort"):
        records = _sorted(records, columns, query["sort"])
    page, size = _number(query, "page", 1), _number(query, "pageSize", 10)
    paging = {
        "page": page,
        "totalPages": -(-len(records) // size),
        "totalItems": len(records),
    }
    return records[(page - 1) * size : page * size], paging


def _sorted(records: Sequence[T], columns: Columns[T], sort: str) -> list[T]:
    field, _, direction = sort.partition(":")
    if direction not in {"asc", "desc"}:
        raise invalid("sort", f"Invalid order direction '{direction}'", 422)
    return sorted(records, key=_column(columns, field, "sort"), reverse=direction == "desc")


def _passes(record: T, columns: Columns[T], condition: str) -> bool:
    field, _, rest = condition.partition(":")
    operator, _, wanted = rest.partition(":")
    value = _column(columns, field, "filter")(record)
    if isinstance(value, float):
        # Times are sent in whole seconds, so they are compared in whole seconds.
        value, other = int(value), _epoch(wanted)
    else:
        other = wanted
    if operator == "eq":
        return bool(value == other)
    if operator == "gt":
        return bool(value > other)
    # Operators other than these two are INFERRED 6 (API notes 1.4).
    if operator == "lt":
        return bool(value < other)
    raise invalid("filter", f"Invalid operator '{operator}'", 422)


def _column(columns: Columns[T], field: str, parameter: str) -> Callable[[T], Any]:
    if field not in columns:
        raise invalid(parameter, f"Invalid field '{field}'", 422)
    return columns[field]


def _epoch(text: str) -> Any:
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise invalid("filter", f"Invalid time '{text}'", 422) from error


def _number(query: MultiDict[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) <= 9):
        raise invalid(name, "must be a positive whole number", 422)
    return int(text)
