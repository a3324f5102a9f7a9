"""One deadline for several calls, for callers who can only wait for so long in all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["common_deadline", "finish_by"]

_ends_at = ContextVar("corbado_auth.deadline", default=math.inf)


@contextmanager
def finish_by(ends_at: float) -> Iterator[None]:
    """End every call in this block by a time of ``time.monotonic()``, or do not make it."""
    token = _ends_at.set(ends_at)
    try:
        yield
    finally:
        _ends_at.reset(token)


def common_deadline() -> float:
    """Return the time by which calls made here have to end; infinite if nothing limits it."""
    return _ends_at.get()
