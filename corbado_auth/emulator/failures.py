"""Plan failures of the next calls of a path."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from corbado_auth.emulator.wire import make_id

BODIES = ("truncated", "garbage", "empty")
# What Corbado would call a failure with this status (API notes 1.2).
ERROR_TYPES = {
    400: "validation_error",
    401: "login_error",
    403: "invalid_origin",
    404: "not_found",
    405: "method_not_allowed",
    409: "already_exists",
    422: "validation_error",
    429: "rate_limited",
}
MAX_DELAY = 600.0


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A planned failure. ``times`` 0 means until it is removed."""

    id: str
    path: str
    method: str = ""
    status: int = 0
    delay: float = 0.0
    drop: bool = False
    body: str = ""
    retry_after: str = ""
    times: int = 1
    happened: int = 0

    @property
    def left(self) -> int | None:
        return self.times - self.happened if self.times else None

    @property
    def error_type(self) -> str:
        return ERROR_TYPES.get(self.status, "internal_error")

    def matches(self, method: str, path: str) -> bool:
        return self.method in {"", method} and fnmatchcase(path, self.path)

    def public(self) -> dict[str, Any]:
        values = asdict(self)
        del values["happened"], values["retry_after"]
        values["ID"] = values.pop("id")
        return {**values, "retryAfter": self.retry_after, "left": self.left}


class FailurePlan:
    """The planned failures; the oldest that matches a call happens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: deque[Failure] = deque()
        self._awake = threading.Event()
        self.revision = 0

    def add(self, **values: Any) -> Failure:
        failure = Failure(id=make_id("fail"), **values)
        with self._lock:
            self._planned.append(failure)
            self.revision += 1
        return failure

    def take(self, method: str, path: str) -> Failure | None:
        """Return the failure planned for this call, and count it."""
        with self._lock:
            for index, failure in enumerate(self._planned):
                if failure.matches(method, path):
                    self.revision += 1
                    counted = replace(failure, happened=failure.happened + 1)
                    if counted.left == 0:
                        del self._planned[index]
                    else:
                        self._planned[index] = counted
                    return counted
        return None

    def wait(self, failure: Failure) -> None:
        """Wait as long as planned, or until all failures are removed."""
        self._awake.wait(failure.delay)

    def all(self) -> list[Failure]:
        with self._lock:
            return list(self._planned)

    def remove(self, failure_id: str = "") -> bool:
        """Remove one failure, or all; return whether there was one."""
        with self._lock:
            kept = deque(row for row in self._planned if failure_id and row.id != failure_id)
            removed = len(kept) < len(self._planned)
            self._planned = kept
            if not failure_id:
                self._awake.set()
                self._awake = threading.Event()
            self.revision += 1
            return removed
