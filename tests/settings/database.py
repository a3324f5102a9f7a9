"""The database of a test run: SQLite, or another with TEST_DATABASE=postgresql or =mariadb."""

from __future__ import annotations

import os
from typing import Any


def database() -> dict[str, Any]:
    """Return the entry for DATABASES; tests/conftest.py starts the server it names."""
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
        folder = os.environ.get("TEST_MARIADB_HOST")
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "corbado_auth",
            "USER": "root",
            "HOST": f"{folder}/socket" if folder else "",
            # What Django sets by itself, or "repeatable read", MariaDB's own default.
            "OPTIONS": {"isolation_level": os.environ.get("TEST_ISOLATION", "read committed")},
        }
    raise ValueError(f"TEST_DATABASE is {name!r}; it can be sqlite, postgresql or mariadb.")
