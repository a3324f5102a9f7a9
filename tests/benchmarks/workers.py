"""A site in a process of its own that does what it is told, and says what it took.

``tests.benchmarks.working`` is the other end: one order a line, one answer a line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from tests.support.worker import ROOT

Site = Literal["ours", "bare"]


class Worker:
    """One end of the conversation."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    def tell(self, order: str, **arguments: Any) -> Any:
        """Give an order and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([order, arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The worker ended at {order}: see its error above.")
        return json.loads(answer)


def environment(
    site: Site, database: Mapping[str, Any], corbado: str, **more: str
) -> dict[str, str]:
    """Return what a process of a site is told about it, for ``tests.benchmarks.settings``."""
    return {
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        "WORKER_SITE": site,
        "WORKER_DATABASE": json.dumps(database),
        "WORKER_CORBADO": corbado,
        # Which hash a string has is part of how fast dictionaries are.
        "PYTHONHASHSEED": "0",
        **more,
    }


@contextmanager
def a_worker(
    site: Site, database: dict[str, Any], corbado: str, *, under: Sequence[str] = (), **more: str
) -> Iterator[Worker]:
    """Start one; its database is its own and empty, ``more`` is for its environment.

    ``under`` is the command that runs it, such as a profiler.
    """
    process = subprocess.Popen(
        [*under, sys.executable, "-m", "tests.benchmarks.working"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment(site, database, corbado, **more)},
    )
    try:
        worker = Worker(process)
        worker.tell("set_up")
        yield worker
    finally:
        process.terminate()
        process.communicate()
