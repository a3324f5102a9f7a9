"""How fast Corbado is asked, and who says when to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Halt", "Pace", "Stopped", "stopped_by_signals"]

# By how many seconds a turn may be late and still count at its time: a machine that stutters loses
# nothing, and what comes as a burst after a pause is half a second's worth (limits count ten).
LATE = 0.5


class Stopped(Exception):
    """The run is to end; what was about to be asked is not asked."""


class Halt:
    """Tell all threads to stop, and why; the first reason stays."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason = ""

    def __bool__(self) -> bool:
        return self._event.is_set()

    def stop(self, reason: str) -> None:
        """Let the calls in flight end, and begin no more."""
        self.reason = self.reason or reason
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait so long; raises Stopped as soon as the run is to end."""
        if self._event.wait(seconds) if seconds > 0 else self:
            raise Stopped


class Pace:
    """Give out turns, so many a second for all threads together, and none while paused."""

    def __init__(self, rate: float, halt: Halt) -> None:
        self._interval = 1 / rate
        self._halt = halt
        self._lock = threading.Lock()
        self._next = self._paused_until = 0.0

    @property
    def is_paused(self) -> bool:
        """Tell whether nobody may ask at this moment."""
        return time.monotonic() < self._paused_until

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the next turn, as ``take_turn``."""
        self.take_turn()
        yield

    def take_turn(self) -> None:
        """Wait for the next turn; raises Stopped."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now - LATE)
            self._next = turn + self._interval
        self._halt.wait(turn - now)
        # Somebody may have met a limit meanwhile.
        while (pause := self._paused_until - time.monotonic()) > 0:
            self._halt.wait(pause)

    def turns(self, most: int) -> int:
        """Take the turns that are due, so many at most, and return how many: waits for none."""
        with self._lock:
            now = time.monotonic()
            first = max(self._next, now - LATE)
            if most <= 0 or now < max(first, self._paused_until):
                return 0
            number = min(most, 1 + int((now - first) / self._interval))
            self._next = first + number * self._interval
        return number

    def pause(self, seconds: float) -> None:
        """Let nobody have a turn for so long: Corbado asked us to slow down."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)


@contextmanager
def stopped_by_signals(halt: Halt) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the run in order; a second one is as ever."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {int(number): signal.getsignal(number) for number in numbers}

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[number])
        halt.stop(f"{signal.Signals(number).name}: the calls in flight have ended.")

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])
