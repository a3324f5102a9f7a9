"""A site with as many users as a benchmark wants, on PostgreSQL, and a Corbado beside it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.plugins.postgresql import Server
from tests.support.worker import start_worker

# One user in a hundred shares the address with the one before.
ADD_USERS = """
    INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email,
                           is_staff, is_active, date_joined)
    SELECT '!', false, 'user' || i, 'First', 'Last',
           'user' || CASE WHEN mod(i, 200) = 0 THEN i - 1 ELSE i END || '@example.com',
           false, true, CURRENT_TIMESTAMP
    FROM generate_series(1, %s) AS i
"""
ADD_ACCOUNTS = """
    INSERT INTO corbado_auth_corbadoaccount
           (user_id, project_id, corbado_user_id, email, created_at, sign_in_count,
            awaits_proof, is_new_user)
    SELECT id, %s, 'usr-before-' || id, '', CURRENT_TIMESTAMP, 0, false, false
    FROM auth_user WHERE mod(id, 50) <> 1
"""


class Site:
    """One database; ``django`` runs in this process, workers in theirs."""

    def __init__(self, host: str) -> None:
        self.database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": host,
        }

    def set_up(self) -> None:
        """Make the tables."""
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings.worker"
        os.environ["WORKER_DATABASE"] = json.dumps(self.database)
        os.environ["WORKER_CORBADO"] = "http://127.0.0.1:1"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)

    def fill(self, users: int, *, moved_before: bool = False) -> None:
        """Leave nothing but this many users; ``moved_before`` links all but every fiftieth."""
        from corbado_auth.conf import conf

        self.execute("TRUNCATE auth_user RESTART IDENTITY CASCADE")
        self.execute(ADD_USERS, [users])
        if moved_before:
            self.execute(ADD_ACCOUNTS, [conf.CORBADO_PROJECT_ID])
        self.execute("ANALYZE")

    def execute(self, sql: str, parameters: list[Any] | None = None) -> list[Any]:
        """Return the rows, if there are any."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def start(self, corbado: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a worker of its own process."""
        return start_worker(self.database, corbado, *arguments)


@contextmanager
def a_site() -> Iterator[Site]:
    """Start PostgreSQL, and stop it at the end."""
    server = Server()
    try:
        site = Site(str(server.folder))
        site.set_up()
        yield site
    finally:
        from django.db import connections

        connections.close_all()
        server.remove()


def ask(url: str) -> Any:
    """Return the answer of the scripted Corbado's own pages."""
    return requests.get(url, timeout=60).json()
