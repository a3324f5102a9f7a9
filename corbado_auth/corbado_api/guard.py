"""A slow or broken Corbado takes no more than a few threads of the site: every call passes here.

Two things decide whether Corbado is asked: how many calls of this process are out already (a
bulkhead), and whether the last ones failed (a circuit breaker). No library does both for threads:
pybreaker holds its lock while it calls, so that calls go one after the other; circuitbreaker and
aiobreaker let everybody through where one is to try; none bounds how many are out.
"""

from __future__ import annotations

import logging
import math
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from corbado_auth.concurrency import Slots, has_thread_of_its_own
from corbado_auth.conf import conf
from corbado_auth.exceptions import CorbadoError, CorbadoNotAsked, CorbadoUnavailable

__all__ = ["guard", "log_failure", "unguard_thread", "unguarded"]

logger = logging.getLogger("corbado_auth")

# So many failures in a row, and Corbado is not asked for so many seconds; then one call tries.
FAILURES = 5
PAUSE = 3.0
# How long a call waits for room; not at all once another has been out for longer than SLOW.
PATIENCE = 0.1
SLOW = 1.0
# Whoever found no room comes back after so many seconds: not all in the same one.
COME_BACK = (2, 5)
# Of gunicorn's eight threads two are left; under ASGI each request has a thread of its own.
MOST_OF_FEW_THREADS = 6
MOST_OF_MANY_THREADS = 256
# Seconds between two lines in the log that say the same.
SAID_LATELY = 60.0

_is_unguarded = ContextVar("corbado_auth.unguarded", default=False)


class Call:
    """One call: ``has_failed`` says that Corbado is to blame, ``has_answered`` that it is well.

    With neither, it says nothing about Corbado: the request could not be made, say.
    """

    has_failed = has_answered = False

    def __init__(self) -> None:
        self.began = time.monotonic()


class CircuitBreaker:
    """Ask nothing for a while after a run of failures, and then let one call try.

    What was asked before Corbado's last good answer, or before the run was complete, says nothing
    of now and is not counted.
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
        """Return a new call; raises CorbadoNotAsked where Corbado is not to be asked.

        A trial that takes more than ``patience`` seconds counts as lost, and another may try.
        """
        call = Call()
        if self._is_closed():
            return call
        with self._lock:
            if not self._is_closed():
                self._let_try(call, patience)
        return call

    def end(self, call: Call) -> None:
        """Learn from a call how Corbado is."""
        if call.has_answered and not self._failures:
            self._was_well_at = time.monotonic()
            return
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
                    logger.warning(
                        "Corbado failed %d times in a row: it is not asked for %.0f seconds.",
                        self._failures,
                        PAUSE,
                    )

    def _let_try(self, call: Call, patience: float) -> None:
        # Negative where a test has moved the clock: then the pause, or the trial, is over, too.
        if 0 <= (elapsed := call.began - self._opened_at) < PAUSE:
            raise _not_asked("the last calls failed", math.ceil(PAUSE - elapsed))
        if self._trial and 0 <= call.began - self._trial.began < patience:
            raise _not_asked("the last calls failed, and one tries again")
        self._trial = call

    def _is_closed(self) -> bool:
        return self._failures < FAILURES

    def _counts(self, call: Call) -> bool:
        return self._is_closed() and call.began >= self._was_well_at


class Guard:
    """Both of them, for all calls of this process."""

    def __init__(self) -> None:
        self._slots = Slots(patience=PATIENCE, slow=SLOW)
        self._breaker = CircuitBreaker()
        self._said_at = -math.inf

    def reset(self) -> None:
        """Forget everything: tests ask another Corbado each."""
        self._slots.reset()
        self._breaker.reset()
        self._said_at = -math.inf

    @contextmanager
    def admit(self, patience: float) -> Iterator[Call]:
        """Let one call pass, which lasts ``patience`` seconds at most if all goes well.

        Raises CorbadoNotAsked where it must not. A CorbadoUnavailable that comes out of the block
        is Corbado's failure; whoever calls notes in the Call what else there is to learn.
        """
        if _is_unguarded.get():
            yield Call()
            return
        call = self._breaker.begin(patience)
        try:
            self._take_room()
            yield call
        except CorbadoNotAsked:
            raise
        except CorbadoUnavailable:
            call.has_failed = True
            raise
        finally:
            self._slots.give_back()
            self._breaker.end(call)

    def _take_room(self) -> None:
        limit = conf.CORBADO_MAX_CONCURRENT_CALLS
        if limit is None:
            limit = MOST_OF_MANY_THREADS if has_thread_of_its_own() else MOST_OF_FEW_THREADS
        if limit == 0 or self._slots.take(limit):
            return
        now = time.monotonic()
        if not 0 <= now - self._said_at < SAID_LATELY:
            self._said_at = now
            logger.warning(
                "As many calls wait for Corbado as CORBADO_MAX_CONCURRENT_CALLS allows a process "
                "(%d): further ones are not made.",
                limit,
            )
        raise _not_asked("too many calls wait for it")


def log_failure(what: str, error: CorbadoError) -> None:
    """Say in the log what failed; where Corbado was not asked, the reason stands there already."""
    level = logging.INFO if isinstance(error, CorbadoNotAsked) else logging.ERROR
    logger.log(level, "%s: %s", what, error)


@contextmanager
def unguarded() -> Iterator[None]:
    """Let calls in this block pass unseen: those of a command hold up nobody's page.

    A command has a rate limit and an answer to failures of its own.
    """
    token = _is_unguarded.set(True)
    try:
        yield
    finally:
        _is_unguarded.reset(token)


def unguard_thread() -> None:
    """Let all calls of this thread pass unseen: it is one that a command has started."""
    _is_unguarded.set(True)


def _not_asked(why: str, wait: int = 0) -> CorbadoNotAsked:
    seconds = wait + random.randint(*COME_BACK)  # noqa: S311 - so that people part
    return CorbadoNotAsked(f"Corbado is not asked: {why}", retry_after=seconds)


guard = Guard()
