"""Servers that tests start: each a process of its own, which ends with the run."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.support.worker import ROOT

START_SECONDS = 90
PR_SET_PDEATHSIG = 1


class Process:
    """A server that is up once ``is_up`` says so; what it prints goes to a log."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        is_up: Callable[[], bool],
        env: Mapping[str, str] | None = None,
        *,
        cwd: Path = ROOT,
        stop_signal: signal.Signals = signal.SIGTERM,
        **options: Any,
    ) -> None:
        self.log = log
        self._command, self._is_up, self._stop_signal = command, is_up, stop_signal
        self._options = {"cwd": cwd, "env": {**os.environ, **(env or {})}, **options}
        self.start()

    def start(self) -> None:
        """Start it; returns once it is up."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=self._end_with_parent,
                **self._options,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = self.log.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"{' '.join(self._command[:4])} did not start:\n{words}")
            time.sleep(0.05)

    def stop(self, number: signal.Signals | None = None) -> None:
        """End it, and wait until it has ended."""
        for each in (signal.SIGCONT, number or self._stop_signal):
            self.process.send_signal(each)
        try:
            self.process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _end_with_parent(self) -> None:
        """Have Linux end it when the run dies without a chance to do so."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, self._stop_signal)


@contextmanager
def python(command: Sequence[str], *, probe: str, env: Mapping[str, str]) -> Iterator[None]:
    """Run a Python program until the block ends; go on once the URL ``probe`` answers."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        try:
            with Process([sys.executable, *command], log, lambda: answers(probe), env):
                yield
        finally:
            if "Traceback" in (words := log.read_text(errors="replace")):
                print(words)


def listens(port: int) -> bool:
    """Return whether something answers at this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    """Return whether something answers at this URL, whatever it says."""
    with suppress(URLError, OSError):
        with suppress(HTTPError):
            urlopen(url, timeout=5).close()
        return True
    return False


def free_port() -> int:
    """Return a port that nobody uses, and that Linux gives to no outgoing connection.

    Otherwise one might have it when a server comes back, or connect to itself while it is gone.
    """
    while True:
        port = random.randrange(20000, 32000)  # noqa: S311
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
