"""Every call passes through here, so that a slow or broken Corbado blocks only a few threads.

Two things decide whether a call is made: how many calls of this process are in flight (a bulkhead),
and whether the last ones failed (a circuit breaker). No library does both for threads: pybreaker
holds its lock during the call, which serializes calls; circuitbreaker and aiobreaker let all calls
through when one should try; none limits how many are in flight.
"""

from __future__ import annotations

import logging
import math
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

from corbado_auth.concurrency import Slots, has_thread_of_its_own
from corbado_auth.conf import conf
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError, CorbadoNotAsked, CorbadoUnavailable
from corbado_auth.projects import Scope, activate, current_scope

__all__ = ["command_threads", "guard", "log_failure", "unguarded"]


# After this many failures in a row, no call is made for this many seconds; then one tries.
FAILURES = 5
PAUSE = 3.0
# How long a call waits for room; not at all if another has been in flight for longer than SLOW.
PATIENCE = 0.1
SLOW = 1.0
# Callers that found no room retry after a random number of seconds, so as to spread out.
COME_BACK = (2, 5)
# This leaves one of gunicorn's eight threads; under ASGI each request has its own thread.
MOST_OF_FEW_THREADS = 7
MOST_OF_MANY_THREADS = 256
# Seconds between two log lines that say the same.
SAID_LATELY = 60.0

_is_unguarded = ContextVar("corbado_auth.unguarded", default=False)


class Call:
    """One call: ``has_failed`` means that Corbado is to blame, ``has_answered`` that it works.

    With neither, the call says nothing about Corbado; perhaps the request could not be sent.
    """

    has_failed = has_answered = False

    def __init__(self) -> None:
        self.began = time.monotonic()


class CircuitBreaker:
    """A breaker that opens after several failures in a row, and after a while lets one call try.

    Calls that began before Corbado's last good answer, or before the breaker opened, say nothing
    about the present and are not counted.
    """

    def __init__(self) -> None:
        self.reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        """Forget all failures."""
        self._lock = threading.Lock()
        self._failures = 0
        self._was_well_at = -math.inf
        self._opened_at = -math.inf
        self._trial: Call | None = None

    def begin(self, patience: float) -> Call:
        """Return a new call; raises CorbadoNotAsked if the breaker is open.

        A trial that takes more than ``patience`` seconds counts as lost, and another call may try.
        """
        call = Call()
        if self._is_closed():
            return call
        with self._lock:
            if not self._is_closed():
                self._let_try(call, patience)
        return call

    def end(self, call: Call) -> None:
        """Learn from the result of a call."""
        if call.has_answered and not self._failures:
            self._was_well_at = time.monotonic()
            return
        opens_after = 0
        with self._lock:
            is_trial = call is self._trial
            if is_trial:
                self._trial = None
            if call.has_answered:
                self._was_well_at = time.monotonic()
                self._failures = 0
            elif call.has_failed and (is_trial or self._counts(call)):
                self._failures += 1
                if not self._is_closed():
                    self._opened_at = time.monotonic()
                    opens_after = self._failures
        if opens_after:
            # Without the lock: a handler that sends records over the network may take its time.
            log_event(
                logging.WARNING,
                "Corbado failed %d times in a row: no calls for %.0f seconds.",
                opens_after,
                PAUSE,
                event="corbado_failed",
                reason="breaker_open",
            )

    def _let_try(self, call: Call, patience: float) -> None:
        # Negative if a test has moved the clock: then the pause, or the trial, is over, too.
        if 0 <= (elapsed := call.began - self._opened_at) < PAUSE:
            raise _not_asked("the last calls failed", math.ceil(PAUSE - elapsed))
        if self._trial and 0 <= call.began - self._trial.began < patience:
            raise _not_asked("the last calls failed, and one is trying again")
        self._trial = call

    def _is_closed(self) -> bool:
        return self._failures < FAILURES

    def _counts(self, call: Call) -> bool:
        return self._is_closed() and call.began >= self._was_well_at


class Guard:
    """The bulkhead for all calls of this process, and a circuit breaker for each project."""

    def __init__(self) -> None:
        self._slots = Slots(patience=PATIENCE, slow=SLOW)
        self._breakers = {"": CircuitBreaker()}
        self._said_at = -math.inf

    def reset(self) -> None:
        """Forget everything: each test has its own Corbado."""
        self._slots.reset()
        for breaker in self._breakers.values():
            breaker.reset()
        self._said_at = -math.inf

    @contextmanager
    def admit(
        self, patience: float, project_id: str = "", *, may_blame: bool = True
    ) -> Iterator[Call]:
        """Admit one call, which takes ``patience`` seconds at most if all goes well.

        ``project_id`` distinguishes the projects of a site that has several: one may be slow, or
        have used up its quota, while the others work. Raises CorbadoNotAsked if the call is not
        admitted. With ``may_blame``, a CorbadoUnavailable raised in the block counts as Corbado's
        failure; the caller records anything else in the Call.
        """
        if _is_unguarded.get():
            yield Call()
            return
        breaker = self._breaker_of(project_id)
        call = breaker.begin(patience)
        try:
            self._take_room()
            yield call
        except CorbadoNotAsked:
            raise
        except CorbadoUnavailable:
            call.has_failed = may_blame
            raise
        finally:
            self._slots.give_back()
            breaker.end(call)

    def _breaker_of(self, project_id: str) -> CircuitBreaker:
        known = self._breakers.get(project_id)
        return known or self._breakers.setdefault(project_id, CircuitBreaker())

    def _take_room(self) -> None:
        limit = conf.CORBADO_MAX_CONCURRENT_CALLS
        if limit is None:
            limit = MOST_OF_MANY_THREADS if has_thread_of_its_own() else MOST_OF_FEW_THREADS
        if limit == 0 or self._slots.take(limit):
            return
        now = time.monotonic()
        if not 0 <= now - self._said_at < SAID_LATELY:
            self._said_at = now
            log_event(
                logging.WARNING,
                "As many calls wait for Corbado as CORBADO_MAX_CONCURRENT_CALLS allows a process "
                "(%d): further ones are not made.",
                limit,
                event="corbado_failed",
                reason="too_many_calls",
            )
        raise _not_asked("too many calls are waiting already")


def log_failure(what: str, error: CorbadoError, corbado_user_id: str = "") -> None:
    """Log what failed, unless Corbado was not asked: then the reason has been logged already."""
    log_event(
        logging.INFO if isinstance(error, CorbadoNotAsked) else logging.ERROR,
        "%s: %s",
        what,
        error,
        event="corbado_failed",
        reason=error.error_type,
        corbado_user_id=corbado_user_id,
    )


@contextmanager
def unguarded() -> Iterator[None]:
    """Exempt calls in this block: those of a command do not hold up any page.

    A command has its own rate limit and its own way to handle failures.
    """
    token = _is_unguarded.set(True)
    try:
        yield
    finally:
        _is_unguarded.reset(token)


def command_threads(number: int) -> ThreadPoolExecutor:
    """Return a command's threads, exempt as its own calls are, and in the command's project."""
    return ThreadPoolExecutor(number, "corbado", initializer=_begin, initargs=(current_scope(),))


def _begin(scope: Scope) -> None:
    """Set up a thread, which does not inherit the context of the thread that starts it."""
    _is_unguarded.set(True)
    activate(scope)


def _not_asked(why: str, wait: int = 0) -> CorbadoNotAsked:
    seconds = wait + random.randint(*COME_BACK)  # noqa: S311 - so that retries spread out
    return CorbadoNotAsked(f"Corbado was not asked: {why}", retry_after=seconds)


guard = Guard()
