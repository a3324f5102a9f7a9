"""A throw-away PostgreSQL server for a run with TEST_DATABASE=postgresql (a pytest plugin)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings

from tests.plugins.database_server import DatabaseServer, binary, engine, start_for_run

HOST_VARIABLE = "TEST_POSTGRESQL_HOST"


class Server(DatabaseServer):
    """A PostgreSQL server over an empty cluster; its socket is in ``folder``."""

    name = "PostgreSQL"
    users = ("postgres",)
    stop_signal = signal.SIGQUIT

    def make_data(self) -> Sequence[str]:
        """Make a cluster in UTF-8 that sorts the same everywhere."""
        return [
            _binary("initdb"), "--auth=trust", "--username=postgres", "--encoding=UTF8",
            "--locale=C.UTF-8", "--no-sync", f"--pgdata={self.folder / 'data'}",
        ]  # fmt: skip

    def serve(self) -> Sequence[str]:
        """Listen on the socket alone."""
        return [
            _binary("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
            "-c", "synchronous_commit=off",
        ]  # fmt: skip

    def shut_down(self) -> None:
        """Shut down in order, disconnecting all clients (a fast shutdown); the data stays."""
        self.stop(signal.SIGINT)

    def answers(self) -> bool:
        """Ask PostgreSQL's own program."""
        command = [_binary("pg_isready"), "-q", "-h", str(self.folder)]
        return subprocess.run(command, check=False).returncode == 0


def _binary(name: str) -> str:
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name),
        reverse=True,
    )
    return binary(name, "postgresql", *folders)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server of the run, unless one is named already."""
    database = settings.DATABASES["default"]
    if engine() == "postgresql" and not database["HOST"]:
        database["HOST"] = start_for_run(config, Server, HOST_VARIABLE)
