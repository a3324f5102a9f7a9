"""Limits on how many threads of this process do the same thing at once."""

from __future__ import annotations

import math
import os
import threading
import time

from asgiref.sync import SyncToAsync

__all__ = ["Slots", "has_thread_of_its_own"]

# The number of parts that a wait is split into.
PARTS = 10


def has_thread_of_its_own() -> bool:
    """Return whether this request has a thread that no other request waits for.

    True under ASGI: Django's handler opens a thread-sensitive context for each request, and
    synchronous code runs in the one thread of that context. Under WSGI, in commands and in threads
    that a site starts itself there is no such context, and a waiting thread may be one of few.
    """
    return SyncToAsync.thread_sensitive_context.get(None) is not None


class Slots:
    """A limited number of slots, each held by one thread.

    A thread that finds no free slot waits for up to ``patience`` seconds, but not if that looks
    hopeless: a current holder, or the last one, took more than ``slow`` seconds, or three times the
    patience if a wait failed and no slot has been returned since. Otherwise waiting threads would
    use up the rest.

    A thread has one slot at most, so a slot that an exception left behind is returned by the
    thread's next call, and one that a dead thread left behind is found when slots run short.
    """

    def __init__(self, *, patience: float, slow: float = math.inf) -> None:
        self._patience = patience
        self._slow = slow
        self.reset()
        if hasattr(os, "register_at_fork"):
            # A child has none of the parent's threads, but perhaps a lock that one of them held.
            os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        """Forget which threads hold a slot, and which are waiting."""
        self._lock = threading.Lock()
        self._inside: dict[threading.Thread, float] = {}
        self._queue: dict[threading.Thread, threading.Lock] = {}
        self._waited_in_vain = False
        self._last_took = 0.0

    def take(self, limit: int) -> bool:
        """Take a slot if no more than ``limit`` are held then; return whether there was one."""
        me = threading.current_thread()
        with self._lock:
            if me in self._inside:
                self._inside[me] = time.monotonic()
                return True
            # Latecomers queue: a busy thread would be back before the waiting ones wake up.
            if not self._queue and self._has_room(limit):
                self._inside[me] = time.monotonic()
                return True
            if self._is_hopeless():
                return False
            turn = self._queue[me] = threading.Lock()
            turn.acquire()
        try:
            # A machine that stalls, and so keeps everyone from leaving, uses up only one part.
            any(turn.acquire(timeout=self._patience / PARTS) for _part in range(PARTS))
        except BaseException:
            with self._lock:
                self._queue.pop(me, None)
            self.give_back()
            raise
        return self._is_inside_after_all(me, limit)

    def give_back(self) -> None:
        """Return the slot to the thread that has waited longest; do nothing if none is held."""
        me = threading.current_thread()
        if me not in self._inside:
            return
        with self._lock:
            self._last_took = time.monotonic() - self._inside.pop(me)
            self._waited_in_vain = False
            if self._queue:
                next_one = next(iter(self._queue))
                self._inside[next_one] = time.monotonic()
                self._queue.pop(next_one).release()

    def _is_inside_after_all(self, me: threading.Thread, limit: int) -> bool:
        """Return whether the wait succeeded: at the last moment, or with a dead thread's slot."""
        with self._lock:
            if self._queue.pop(me, None) is None:
                return True
            if self._has_room(limit):
                self._inside[me] = time.monotonic()
                return True
            self._waited_in_vain = True
            return False

    def _has_room(self, limit: int) -> bool:
        if len(self._inside) < limit:
            return True
        for thread in [thread for thread in self._inside if not thread.is_alive()]:
            del self._inside[thread]
        return len(self._inside) < limit

    def _is_hopeless(self) -> bool:
        longest = time.monotonic() - min(self._inside.values(), default=math.inf)
        if self._waited_in_vain and longest > 3 * self._patience:
            return True
        return max(longest, self._last_took) > self._slow
