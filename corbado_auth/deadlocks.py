"""Retrying transactions that the database aborts because of a conflict with another."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connections

__all__ = ["again_after_deadlock"]

Result = TypeVar("Result")

TRIES = 5
LONGEST_WAIT = 0.05
# PostgreSQL: serialization failure, deadlock. MySQL and MariaDB: deadlock.
SQL_STATES = {"40001", "40P01"}
MYSQL_DEADLOCK = 1213


def again_after_deadlock(work: Callable[[], Result], *, using: str) -> Result:
    """Do work that is its own transaction; retry once if the database aborts it.

    InnoDB locks the row that a duplicate collides with, so some of many simultaneous inserts end
    in a deadlock. Inside a transaction of the caller's, the error goes to the caller, since that
    whole transaction is rolled back.
    """
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            return work()
        except OperationalError as error:
            whole = not connections[using].in_atomic_block
            if not (tries_left and whole and _was_broken_off(error)):
                raise
        # A random wait, so that the two do not collide again.
        time.sleep(random.uniform(0, LONGEST_WAIT))  # noqa: S311
    raise AssertionError("the last try returns or raises")  # pragma: no cover


def _was_broken_off(error: OperationalError) -> bool:
    cause = error.__cause__
    # psycopg names it sqlstate, psycopg2 pgcode; mysqlclient has a number of its own.
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state in SQL_STATES or getattr(cause, "args", ())[:1] == (MYSQL_DEADLOCK,)
