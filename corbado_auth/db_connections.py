"""Connections to the database: none is held while Corbado is asked, and not all are taken after.

Under ASGI each request has a thread, and so a connection, of its own: two hundred people who wait
for Corbado with one each, or get their answers at the same moment, are more than PostgreSQL's
hundred, and then every page of the site fails.
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

# How many sign-ins of a process use the database at once. More would not be quicker: the
# interpreter lets one of them work at a time.
MOST_TURNS = 20
# Seconds; whoever waits longer goes on without a turn, and meets what the others do.
PATIENCE = 10.0

_releases = ContextVar("corbado_auth.releases_connections", default=False)
_turns = Slots(patience=PATIENCE)


def outside_transactions(view: View) -> View:
    """Take a view out of the transactions of ATOMIC_REQUESTS, whichever database has them."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


@contextmanager
def none_while_asking() -> Iterator[None]:
    """Let questions to Corbado in this block find no connection held.

    For pages of ours alone: a page of a site, or a command, may be in the middle of reading rows.
    """
    token = _releases.set(True)
    try:
        yield
    finally:
        _releases.reset(token)


def release_to_ask() -> None:
    """Let go of this thread's connections, where the page says that nobody needs them now.

    One that lasts (CONN_MAX_AGE) is kept, but for a thread that ends with the request. One in a
    transaction stays.
    """
    if not _releases.get():
        return
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            continue
        if has_thread_of_its_own():
            connection.close()
        else:
            connection.close_if_unusable_or_obsolete()


def take_turn() -> None:
    """Wait, under ASGI, until few enough use the database; the turn lasts as long as the request.

    Not only until the view is done: Django's middleware writes the session afterwards.
    """
    if has_thread_of_its_own():
        _turns.take(MOST_TURNS)


def end_turn(**_signal: Any) -> None:
    """End the turn of this thread, if it has one. Connected to ``request_finished``.

    Django's own receiver has closed the connection before.
    """
    _turns.give_back()
