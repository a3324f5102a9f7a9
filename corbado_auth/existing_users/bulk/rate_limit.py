"""How fast to call Corbado, how long to wait after a failure, and when to stop."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.db import Error, connections

from corbado_auth.exceptions import CorbadoUnavailable
from corbado_auth.existing_users.migration import UserMigration
from corbado_auth.models import db_for_write

__all__ = ["Failures", "RateLimiter", "StopFlag", "Stopped", "stopped_by_signals"]

# Turns that are up to this many seconds late can be caught up on: a machine that stutters loses
# nothing, and a burst after a pause is half a second's worth (Corbado's limits count over ten).
LATE = 0.5
TICK = 0.01
TOO_MANY = 429
# The longest that Corbado may ask us to wait; a blocked address is free after ten minutes.
LONGEST_RETRY_AFTER = 900


class Stopped(Exception):
    """The run has been stopped; the next request is not sent."""


class StopFlag(threading.Event):
    """Whether the run has to stop, and why; the first reason is kept."""

    reason = ""

    def __bool__(self) -> bool:
        return self.is_set()

    def stop(self, reason: str) -> None:
        """Let the calls in flight finish, and start no more."""
        self.reason = self.reason or reason
        self.set()


class RateLimiter:
    """A limit on calls to Corbado per second; none are allowed while paused."""

    def __init__(self, rate: float, stop: StopFlag) -> None:
        self._interval = 1 / rate
        self._stop = stop
        self._next = self._paused_until = 0.0

    def take(self, most: int) -> int:
        """Take up to ``most`` of the turns that are due, and return how many; never wait."""
        now = time.monotonic()
        first = max(self._next, now - LATE)
        if most <= 0 or now < max(first, self._paused_until):
            return 0
        number = min(most, 1 + int((now - first) / self._interval))
        self._next = first + number * self._interval
        return number

    def take_turn(self) -> None:
        """Wait for the next turn; raises Stopped."""
        while self._stop or not self.take(1):
            if self._stop.wait(TICK):
                raise Stopped

    def pause(self, seconds: float) -> None:
        """Give no turns for this long: Corbado asked us to slow down."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)


class Failures:
    """The failures of a run: when to retry, and when there are too many in a row.

    Not urllib3's Retry: between two tries we look for the result of a lost answer.
    """

    def __init__(self, migration: UserMigration, rate: RateLimiter, stop: StopFlag) -> None:
        self._migration = migration
        self._rate = rate
        self._stop = stop
        self._in_a_row = 0
        self._last = 0.0

    def end_row(self) -> None:
        """Record a success, which ends a row of failures."""
        self._in_a_row = 0

    def note(self, error: CorbadoUnavailable | Error, tries: int = 0) -> tuple[float, bool]:
        """Return how many seconds to wait, and whether the try counts against this user.

        ``tries`` is the number of tries so far. Raises the error if the database connection is
        lost.
        """
        self._count(error)
        if not isinstance(error, CorbadoUnavailable):
            connection = connections[db_for_write()]
            if connection.connection is None or not connection.is_usable():
                # The site has not set up a new connection.
                raise error
            return self._back_off(self._in_a_row - 1), False
        if error.status_code == TOO_MANY or error.retry_after is not None:
            # This is about the whole run, not about this user.
            wait = self._back_off(self._in_a_row - 1)
            if error.retry_after is not None:
                wait = min(error.retry_after, LONGEST_RETRY_AFTER)
            self._rate.pause(wait)
            return 0, False
        return self._back_off(tries), True

    def _back_off(self, number: int) -> float:
        migration = self._migration
        wait = min(migration._longest_wait, migration._first_wait * 2.0 ** min(max(number, 0), 30))
        return wait * random.uniform(0.5, 1)  # noqa: S311 - so that retries spread out

    def _count(self, error: CorbadoUnavailable | Error) -> None:
        """Stop after too many failures in a row; simultaneous ones count as one."""
        now = time.monotonic()
        if now - self._last >= self._migration._first_wait:
            self._last = now
            self._in_a_row += 1
        if self._in_a_row >= self._migration._failures_in_a_row:
            what = str(error) if isinstance(error, CorbadoUnavailable) else type(error).__name__
            self._stop.stop(f"{self._in_a_row} failures in a row, the last: {what}.")


@contextmanager
def stopped_by_signals(stop: StopFlag) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM stop the run cleanly; a second one acts as usual."""
    before = {int(each): signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[number])
        stop.stop(f"{signal.Signals(number).name}: the calls in flight were finished.")

    try:
        for number in before:
            signal.signal(number, handle)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
