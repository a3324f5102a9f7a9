"""The example site with its emulator, each a process of its own."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.emulator import API_SECRET, PROJECT_ID, Emulator, run_emulator
from tests.support.processes import free_port, python
from tests.support.worker import ROOT

DATABASE = "site.sqlite3"
WEBHOOK_USER = "webhooks"
WEBHOOK_PASSWORD = "made-up-password-of-the-tests"


@dataclass
class ExampleSite:
    """The example site with its emulator. ``database`` is the site's SQLite file."""

    url: str
    emulator: Emulator
    database: Path
    # The highest primary key of the users that every test begins with.
    seeded: int | None = None

    @property
    def login_url(self) -> str:
        """The login page, which leads to the page that says how the person signed in."""
        return f"{self.url}/login/?next=/account/"

    def use_webhooks(self, url: str = "") -> None:
        """Have Corbado ask the site about its users and their passwords."""
        self.emulator.configure(
            webhookURL=url or f"{self.url}/corbado/webhooks/actions/",
            webhookUsername=WEBHOOK_USER,
            webhookPassword=WEBHOOK_PASSWORD,
            webhookActions=["authMethods", "passwordVerify"],
        )

    def reset(self) -> None:
        """Forget who signed in: emulator, sessions, accounts and the local users made for them."""
        self.emulator.reset()
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            connection.execute("DELETE FROM django_session")
            connection.execute("DELETE FROM corbado_auth_passkeyname")
            connection.execute("DELETE FROM corbado_auth_corbadoaccount")
            connection.execute("DELETE FROM corbado_auth_passkeynudge")
            if self.seeded is None:
                self.seeded = connection.execute("SELECT max(id) FROM auth_user").fetchone()[0]
            connection.execute("DELETE FROM auth_user WHERE id > ?", [self.seeded])

    def account(self, email: str) -> dict[str, Any] | None:
        """Return the CorbadoAccount row with this confirmed address, with its user's name."""
        return self._row(
            "SELECT account.*, person.username, person.password FROM"
            " corbado_auth_corbadoaccount AS account"
            " JOIN auth_user AS person ON person.id = account.user_id WHERE account.email = ?",
            email,
        )

    def session(self, key: str | None) -> dict[str, Any] | None:
        """Return a row of Django's session table."""
        return self._row("SELECT * FROM django_session WHERE session_key = ?", key)

    def _row(self, query: str, value: str | None) -> dict[str, Any] | None:
        with closing(sqlite3.connect(self.database, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute(query, (value,)).fetchone()
        return dict(row) if row else None


def seed_database(folder: Path) -> Path:
    """Create the example site's database as ``make demo`` does, for ``example_site`` to copy."""
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "EXAMPLE_DATA_DIR": str(folder),
    }
    for command in (["migrate", "--verbosity=0"], ["seed_example"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=env,
            check=True,
            capture_output=True,
        )
    return folder / DATABASE


@contextmanager
def example_site(
    seeded: Path, folder: Path, emulator_options: tuple[str, ...] = ()
) -> Iterator[ExampleSite]:
    """Run the example site on a copy of a seeded database, and an emulator beside it."""
    shutil.copy(seeded, folder / DATABASE)
    port = free_port()
    url = f"http://localhost:{port}"
    with run_emulator(url, login_path="/login/", options=emulator_options) as running:
        env = {
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "EXAMPLE_DATA_DIR": str(folder),
            "CORBADO_PROJECT_ID": PROJECT_ID,
            "CORBADO_API_SECRET": API_SECRET,
            "CORBADO_BACKEND_API_URL": running.url,
            "CORBADO_FRONTEND_API_URL": running.url,
            "CORBADO_WEBHOOK_SECRETS": f"{WEBHOOK_USER}:{WEBHOOK_PASSWORD}",
        }
        serve = ["manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
        with python(serve, probe=f"{url}/", env=env):
            yield ExampleSite(url, running, folder / DATABASE)
