"""What the throw-away database servers of a test run have in common.

One server for the whole run, whatever the number of xdist workers: it listens on a Unix socket in
a folder of its own, and ends with the run, even when the run is killed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.test import TransactionTestCase

from tests.support.processes import Process

# What gives a test the database.
FIXTURES = {"db", "transactional_db", "live_server", "django_db_reset_sequences"}


class DatabaseServer(Process):
    """A server over empty data, without durability. A subclass knows the programs of its kind."""

    name: ClassVar[str]
    users: ClassVar[tuple[str, ...]]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self) -> None:
        user = _unprivileged_user(self.name, self.users)
        identity: dict[str, Any] = {}
        # Short, because a socket's path may have 107 bytes at most; and open to the other user.
        self.folder = Path(tempfile.mkdtemp(prefix="db-", dir="/tmp"))
        if user:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        try:
            self._run(*self.make_data(), **identity)
            super().__init__(
                self.serve(),
                self.folder / "log",
                self.answers,
                cwd=self.folder,
                stop_signal=self.stop_signal,
                **identity,
            )
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def make_data(self) -> Sequence[str]:
        """Return the command that makes the folder ``data``."""
        raise NotImplementedError

    def serve(self) -> Sequence[str]:
        """Return the command that serves it until ``stop_signal``."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Return whether the server takes connections already."""
        raise NotImplementedError

    def remove(self) -> None:
        """End the server at once and remove all that it wrote."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, *command: str, **identity: Any) -> None:
        result = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **identity,
        )
        if result.returncode:
            raise pytest.UsageError(f"{command[0]} failed:\n{result.stdout}{result.stderr}")


def binary(name: str, package: str, *folders: Path) -> str:
    """Return the path of a server's program; Debian keeps some of them out of PATH."""
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        raise pytest.UsageError(f"{name} is not here: install the package {package}.")
    return found


def start_for_run(config: pytest.Config, kind: type[DatabaseServer], variable: str) -> str:
    """Start a server that ends with the run; return the folder of its socket.

    The workers of xdist find it in the environment variable.
    """
    server = kind()
    config.add_cleanup(server.remove)
    os.environ[variable] = str(server.folder)
    return str(server.folder)


def engine() -> str:
    """Name the kind of database that this run has: sqlite3, postgresql or mysql."""
    name = str(settings.DATABASES["default"]["ENGINE"]).rpartition(".")[2]
    return name.removesuffix("_backend")  # Of django-tenants.


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what needs another database to the run that has it, and what uses none to SQLite's."""
    able = {"postgresql": {"postgresql", "server"}, "mysql": {"mariadb", "server"}}
    unable = {"postgresql", "mariadb", "server"} - able.get(engine(), set())
    elsewhere = {item for item in items if any(map(item.get_closest_marker, unable))}
    if engine() != "sqlite3":
        elsewhere |= {item for item in items if not _uses_database(item)}
    items[:] = [item for item in items if item not in elsewhere]
    config.hook.pytest_deselected(items=list(elsewhere))


def _uses_database(item: pytest.Item) -> bool:
    """Return whether a test may: pytest-django keeps the database from all others."""
    kind = getattr(item, "cls", None)
    return (
        not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        or any(map(item.get_closest_marker, ("django_db", "server", "postgresql", "mariadb")))
        or (isinstance(kind, type) and issubclass(kind, TransactionTestCase))
    )


def _unprivileged_user(name: str, users: Sequence[str]) -> pwd.struct_passwd | None:
    """Return whom a server that refuses root runs as; None means as ourselves."""
    if os.geteuid() != 0:
        return None
    for user in (*users, "nobody"):
        try:
            return pwd.getpwnam(user)
        except KeyError:
            continue
    raise pytest.UsageError(f"{name} refuses root, and there is no user {users[0]} or nobody.")
