"""The database of a test run: SQLite, or another with TEST_DATABASE=postgresql or =mariadb."""

from __future__ import annotations

import os
from typing import Any


def database() -> dict[str, Any]:
    """Return the entry for DATABASES; a plugin starts the server where the environment names none.

    TEST_POSTGRESQL_HOST and TEST_MARIADB_HOST are a host, or the folder of the server's socket.
    """
    name = os.environ.get("TEST_DATABASE", "sqlite")
    if name == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    if name == "postgresql":
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "corbado_auth",
            "USER": "postgres",
            "HOST": os.environ.get("TEST_POSTGRESQL_HOST", ""),
        }
    if name == "mariadb":
        host = os.environ.get("TEST_MARIADB_HOST", "")
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "corbado_auth",
            "USER": "root",
            "HOST": f"{host}/socket" if host.startswith("/") else host,
            # What Django sets by itself, or "repeatable read", MariaDB's own default.
            "OPTIONS": {"isolation_level": os.environ.get("TEST_ISOLATION", "read committed")},
            # As Debian sets them; a server that is not ours may have others.
            "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_general_ci"},
        }
    raise ValueError(f"TEST_DATABASE is {name!r}; it can be sqlite, postgresql or mariadb.")
