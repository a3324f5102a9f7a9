"""Database connections: none is held while waiting for Corbado, and few are opened at once after.

Under ASGI each request has its own thread, and so its own connection: if two hundred people wait
for Corbado, or get their answers at the same moment, they exceed PostgreSQL's limit of a hundred
connections, and every page of the site fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connections, transaction

from .concurrency import Slots, has_thread_of_its_own

__all__ = [
    "end_turn",
    "none_while_asking",
    "outside_transactions",
    "release_to_ask",
    "take_turn",
]

View = TypeVar("View", bound=Callable[..., Any])

# How many sign-ins of a process use the database at once. More would not be faster, since the
# interpreter runs one of them at a time.
MOST_TURNS = 20
# Seconds; a thread that has waited for longer goes on without a turn.
PATIENCE = 10.0

_releases = ContextVar("corbado_auth.releases_connections", default=False)
_turns = Slots(patience=PATIENCE)


def outside_transactions(view: View) -> View:
    """Exempt a view from ATOMIC_REQUESTS on every database."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


@contextmanager
def none_while_asking() -> Iterator[None]:
    """Release database connections before each call to Corbado in this block.

    Only for our own pages: a site's page, or a command, may be in the middle of reading rows.
    """
    token = _releases.set(True)
    try:
        yield
    finally:
        _releases.reset(token)


def release_to_ask() -> None:
    """Close this thread's connections if the page has declared that it does not need them.

    Its turn ends, too. A persistent connection (CONN_MAX_AGE) is kept unless the thread ends with
    the request. One that is in a transaction stays open.
    """
    if not _releases.get():
        return
    end_turn()
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            continue
        if has_thread_of_its_own():
            connection.close()
        else:
            connection.close_if_unusable_or_obsolete()


def take_turn() -> None:
    """Wait, under ASGI, until few enough requests use the database.

    The turn lasts as long as the request, not only until the view is done: Django's middleware
    writes the session afterwards.
    """
    if has_thread_of_its_own():
        _turns.take(MOST_TURNS)


def end_turn(**_signal: Any) -> None:
    """End the turn of this thread, if it has one. Connected to ``request_finished``.

    Django's own receiver has closed the connection by then.
    """
    _turns.give_back()
