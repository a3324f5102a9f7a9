"""A throw-away MariaDB server for a run with TEST_DATABASE=mariadb (a pytest plugin)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings

from tests.plugins.database_server import DatabaseServer, binary, engine, start_for_run

HOST_VARIABLE = "TEST_MARIADB_HOST"


class Server(DatabaseServer):
    """A MariaDB server over empty data; its socket is ``folder / "socket"``."""

    name = "MariaDB"
    users = ("mysql",)
    stop_signal = (
        signal.SIGKILL
    )  # An orderly shutdown would spend seconds on writing data that nobody reads.

    def make_data(self) -> Sequence[str]:
        """Make the system's tables, and a root without a password."""
        return [
            _binary("mariadb-install-db"), "--no-defaults", f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal", "--skip-test-db",
        ]  # fmt: skip

    def serve(self) -> Sequence[str]:
        """Listen on the socket alone, with the character set and the collation that Debian sets."""
        return [
            _binary("mariadbd"), "--no-defaults", f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}",
            f"--tmpdir={self.folder}", "--skip-networking",
            "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
            "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
        ]  # fmt: skip

    def answers(self) -> bool:
        """Ask MariaDB's own program."""
        command = [
            _binary("mariadb-admin"), "--no-defaults", "--user=root",
            f"--socket={self.folder / 'socket'}", "--silent", "ping",
        ]  # fmt: skip
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _binary(name: str) -> str:
    return binary(name, "mariadb-server", Path("/usr/sbin"))


def pytest_configure(config: pytest.Config) -> None:
    """Start the server of the run, unless one is named already."""
    database = settings.DATABASES["default"]
    if engine() == "mysql" and not database["HOST"]:
        folder = start_for_run(config, Server, HOST_VARIABLE)
        database["HOST"] = f"{folder}/socket"
