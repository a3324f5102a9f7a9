"""Databases for the two sites of a comparison: on one PostgreSQL, or as files of SQLite."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.plugins.postgresql import Server

POSTGRESQL = "django.db.backends.postgresql"
SQLITE = "django.db.backends.sqlite3"


@contextmanager
def databases(
    engine: str, *names: str, kind: type[Server] = Server
) -> Iterator[list[dict[str, Any]]]:
    """Make an empty database for each name, and remove all of them at the end."""
    if engine == SQLITE:
        with tempfile.TemporaryDirectory() as folder:
            files = [str(Path(folder, f"{name}.sqlite3")) for name in names]
            yield [{"ENGINE": SQLITE, "NAME": file} for file in files]
        return
    import psycopg

    server = kind()
    try:
        host = str(server.folder)
        with psycopg.connect(host=host, user="postgres", autocommit=True) as connection:
            for name in names:
                connection.execute(f'CREATE DATABASE "{name}"')  # noqa: S608
        yield [
            {"ENGINE": POSTGRESQL, "NAME": name, "USER": "postgres", "HOST": host} for name in names
        ]
    finally:
        server.remove()
