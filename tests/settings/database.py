"""The database of a test run: SQLite, or PostgreSQL with TEST_DATABASE=postgresql."""

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
    raise ValueError(f"TEST_DATABASE is {name!r}; it can be sqlite or postgresql.")
