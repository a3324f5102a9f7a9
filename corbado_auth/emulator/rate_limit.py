"""Limit the calls of each client address.

Off by default: three published limits differ (API notes 1.2).
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque

from corbado_auth.emulator.wire import ApiError


class RateLimit:
    """A limit of ``requests`` calls in any ``seconds``; 0 requests switch it off."""

    def __init__(self, requests: int, seconds: float = 10.0) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._start = (requests, seconds)
        self.requests, self.seconds = self._start
        self.revision = 0

    def set(self, requests: int, seconds: float = 10.0) -> None:
        with self._lock:
            self.requests, self.seconds = requests, seconds
            self._calls.clear()
            self.revision += 1

    def reset(self) -> None:
        self.set(*self._start)

    def check(self, address: str) -> None:
        """Raise ``rate_limited`` if this address called too often (its envelope is INFERRED 2)."""
        if not self.requests:
            return
        with self._lock:
            now = time.monotonic()
            calls = self._calls[address]
            while calls and calls[0] <= now - self.seconds:
                calls.popleft()
            if len(calls) >= self.requests:
                raise ApiError(429, "rate_limited", "Too many requests")
            calls.append(now)
