"""A throw-away PostgreSQL server for a run with TEST_DATABASE=postgresql (a pytest plugin).

One server for the whole run, whatever the number of xdist workers: it listens on a Unix socket in
a folder that only its owner may enter, and ends with the run, even when the run is killed.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from django.conf import settings

HOST_VARIABLE = "TEST_POSTGRESQL_HOST"
START_SECONDS = 60
PR_SET_PDEATHSIG = 1


class Server:
    """A PostgreSQL server over an empty cluster, without durability."""

    def __init__(self) -> None:
        self.user = _unprivileged_user()
        # Short, because a socket's path may have 107 bytes at most; and open to `postgres`.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--no-sync", f"--pgdata={self.folder / 'data'}")  # fmt: skip
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    _binary("postgres"), "-D", self.folder / "data", "-k", self.folder,
                    "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
                    "-c", "synchronous_commit=off",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                preexec_fn=_end_with_parent,
                **self._identity(),
            )  # fmt: skip
        self._wait_until_ready()

    def stop(self) -> None:
        """End the server at once and remove all that it wrote."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(
            [_binary("pg_isready"), "-q", "-h", self.folder], check=False
        ).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "log").read_text(errors="replace")
                self.stop()
                raise pytest.UsageError(f"PostgreSQL did not start:\n{log}")
            time.sleep(0.05)

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [_binary(name), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **self._identity(),
        )

    def _identity(self) -> dict[str, object]:
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return whom PostgreSQL, which refuses root, runs as; None means as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise pytest.UsageError("PostgreSQL refuses root, and there is no user postgres or nobody.")


def _binary(name: str) -> str:
    """Return the path of a program of PostgreSQL; Debian keeps them out of PATH."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name),
        reverse=True,
    )
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        raise pytest.UsageError(
            f"TEST_DATABASE=postgresql needs PostgreSQL's {name}: install the package postgresql."
        )
    return found


def _end_with_parent() -> None:
    """Have Linux stop the server when the test run dies without a chance to do so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server; the workers of xdist find its address in their environment."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.postgresql" or database["HOST"]:
        return
    server = Server()
    config.add_cleanup(server.stop)
    os.environ[HOST_VARIABLE] = database["HOST"] = str(server.folder)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what needs PostgreSQL to the run that has it."""
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        return
    needing = [item for item in items if item.get_closest_marker("postgresql")]
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)
