"""A Corbado that answers a call only when a test says so, so that it is certain who is waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.support.misbehaving_server import MisbehavingServer, Request, Steps, answer
from tests.wire import sample

UNKNOWN = sample("validate_unknown_token")
# A loaded machine is slow; a wait of this length is in vain.
SECONDS = 60.0


class HeldCorbado:
    """Hold every call until it is let go; then Corbado does not know the token, or ``steps``."""

    def __init__(self) -> None:
        self.steps: Steps = [answer(UNKNOWN.answer, UNKNOWN.status)]
        self._may_go = threading.Semaphore(0)
        self._changed = threading.Condition()
        self.calls = 0
        self._server = MisbehavingServer(self._answer)
        self.url = self._server.url

    def __enter__(self) -> HeldCorbado:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.let_go(1000)
        self._server.__exit__(*exception)

    def let_go(self, number: int = 1) -> None:
        """Answer this many calls, including those that come later."""
        self._may_go.release(number)

    def wait_for(self, calls: int) -> None:
        """Wait until this many calls have come in all."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.calls >= calls, SECONDS), self.calls

    def _answer(self, _request: Request) -> Steps:
        with self._changed:
            self.calls += 1
            self._changed.notify_all()
        self._may_go.acquire()
        return self.steps


@contextmanager
def many_threads(number: int = 20) -> Iterator[ThreadPoolExecutor]:
    """Return a pool of which each thread is busy until its call comes back."""
    with ThreadPoolExecutor(number) as pool:
        yield pool


def result(future: Future[Any]) -> Any:
    """Wait for what a thread returns."""
    return future.result(timeout=SECONDS)
