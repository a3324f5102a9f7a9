"""Store the records of a project in memory and, with a state file, in SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from corbado_auth.emulator.config import ConfigError
from corbado_auth.emulator.records import (
    Ceremony,
    ConnectPasskey,
    ConnectToken,
    ConnectUser,
    Credential,
    Delivery,
    EmailLink,
    Identifier,
    Record,
    Setting,
    SignedPasskeyData,
    Token,
    User,
    WebhookEndpoint,
)

R = TypeVar("R", bound=Record)
# Kind, ID and the record, None if it was removed.
Change = tuple[str, str, Any]
# A record before and after, None if there was or is none.
Difference = tuple[Any, Any]


class Table(Generic[R]):
    """Records of one type by ID, in order of creation, with indexes for other keys."""

    def __init__(
        self,
        record_type: type[R],
        changed: Callable[[Change, Any], None],
        **indexes: Callable[[R], str],
    ) -> None:
        self.name = record_type.__name__
        self._type = record_type
        self._changed = changed
        self._rows: dict[str, R] = {}
        self._keys = indexes
        self._indexes: dict[str, dict[str, dict[str, None]]] = {name: {} for name in indexes}

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, record_id: str) -> R | None:
        return self._rows.get(record_id)

    def all(self) -> list[R]:
        return list(self._rows.values())

    def find(self, index: str, key: str) -> list[R]:
        """Return the records whose ``index`` has this key."""
        found = (self._rows.get(record_id) for record_id in list(self._indexes[index].get(key, ())))
        return [record for record in found if record is not None]

    def put(self, record: R) -> R:
        """Add a record, or replace the one with the same ID in its place."""
        before = self._rows.get(record.id)
        self._unindex(record.id)
        self._rows[record.id] = record
        for name, key in self._keys.items():
            self._indexes[name].setdefault(key(record), {})[record.id] = None
        self._changed((self.name, record.id, record), before)
        return record

    def remove(self, record_id: str) -> R | None:
        """Remove a record and return it, or None if it is gone."""
        self._unindex(record_id)
        record = self._rows.pop(record_id, None)
        if record is not None:
            self._changed((self.name, record_id, None), record)
        return record

    def clear(self) -> None:
        for record_id in list(self._rows):
            self.remove(record_id)

    def load(self, body: str) -> None:
        self.put(self._type(**json.loads(body)))

    def _unindex(self, record_id: str) -> None:
        old = self._rows.get(record_id)
        if old is None:
            return
        for name, key in self._keys.items():
            bucket = self._indexes[name][key(old)]
            del bucket[record_id]
            if not bucket:
                del self._indexes[name][key(old)]


class Store:
    """All records of a project. Change them only inside ``transaction()``."""

    def __init__(self, project_id: str, database: StateFile | None = None) -> None:
        self._lock = threading.RLock()
        self._database: StateFile | None = None
        self._project_id = project_id
        self._pending: list[Change] = []
        self._depth = 0
        self._differences: list[Difference] = []
        # Called with what a transaction has changed, once it is through.
        self.watch: Callable[[list[Difference]], None] | None = None
        self.revision = 0
        self.users = Table(User, self._changed)
        self.identifiers = Table(
            Identifier, self._changed, user=lambda row: row.user_id, key=lambda row: row.key
        )
        self.credentials = Table(
            Credential,
            self._changed,
            user=lambda row: row.user_id,
            webauthn_id=lambda row: row.webauthn_id,
        )
        self.ceremonies = Table(Ceremony, self._changed)
        self.tokens = Table(Token, self._changed)
        self.email_links = Table(EmailLink, self._changed)
        self.deliveries = Table(Delivery, self._changed)
        self.settings = Table(Setting, self._changed)
        self.connect_users = Table(
            ConnectUser,
            self._changed,
            identifier=lambda row: row.identifier,
            shown_as=lambda row: row.shown_as,
        )
        self.connect_passkeys = Table(
            ConnectPasskey,
            self._changed,
            user=lambda row: row.user_id,
            webauthn_id=lambda row: row.webauthn_id,
        )
        self.connect_tokens = Table(ConnectToken, self._changed, secret=lambda row: row.secret)
        self.signed_data = Table(SignedPasskeyData, self._changed)
        self.webhook_endpoints = Table(WebhookEndpoint, self._changed)
        if database is not None:
            with self.transaction():
                self._load(database)
            self._database = database

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        return (
            self.users,
            self.identifiers,
            self.credentials,
            self.ceremonies,
            self.tokens,
            self.email_links,
            self.deliveries,
            self.settings,
            self.connect_users,
            self.connect_passkeys,
            self.connect_tokens,
            self.signed_data,
            self.webhook_endpoints,
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Change records atomically; the end of the outermost transaction writes them to disk."""
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0 and self._database is not None:
                    changes, self._pending = self._pending, []
                    self._database.write(self._project_id, changes)
                if self._depth == 0 and self._differences:
                    differences, self._differences = self._differences, []
                    if self.watch is not None:
                        self.watch(differences)

    def now(self) -> float:
        """Return the time on the emulator's clock, in seconds since 1970."""
        return time.time() + self.clock_offset

    @property
    def clock_offset(self) -> float:
        clock = self.settings.get("clock")
        return float(clock.value) if clock else 0.0

    def setting(self, name: str) -> Any:
        found = self.settings.get(name)
        return None if found is None else found.value

    def clear(self) -> None:
        with self.transaction():
            for table in self.tables:
                table.clear()
            self._differences.clear()  # Starting over sends no events.

    def _changed(self, change: Change, before: Any) -> None:
        if self._depth == 0:
            raise RuntimeError("Change records inside store.transaction() only.")
        self.revision += 1
        if self.watch is not None:
            self._differences.append((before, change[2]))
        if self._database is not None:
            self._pending.append(change)

    def _load(self, database: StateFile) -> None:
        tables = {table.name: table for table in self.tables}
        for name, body in database.read(self._project_id):
            try:
                tables[name].load(body)
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigError(
                    f"The state file {database.path} is of another version of the emulator. "
                    "Remove it to start with an empty one."
                ) from error


class StateFile:
    """A SQLite file with records, readable only by its owner: it contains secrets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._closed = False
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(path, check_same_thread=False, timeout=0.2)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"The state file {path} cannot be opened: {error}.") from error
        try:
            # Two emulators on one file would overwrite each other's records.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA schema_version")  # fails if it is another kind of file
            # The file may have been readable by others; the journal copies its mode.
            path.chmod(0o600)
            with self._connection:
                self._connection.execute("BEGIN EXCLUSIVE")
                self._connection.execute(
                    "CREATE TABLE IF NOT EXISTS record (project TEXT, kind TEXT, id TEXT,"
                    " body TEXT, position INTEGER PRIMARY KEY AUTOINCREMENT,"
                    " UNIQUE (project, kind, id))"
                )
        except (OSError, sqlite3.Error) as error:
            self._connection.close()
            raise ConfigError(
                f"The state file {path} is in use by another emulator,"
                f" or is not a state file ({error})."
            ) from error

    def read(self, project_id: str) -> list[tuple[str, str]]:
        rows = self._connection.execute(
            "SELECT kind, body FROM record WHERE project = ? ORDER BY position", (project_id,)
        )
        return rows.fetchall()

    def write(self, project_id: str, changes: list[Change]) -> None:
        if self._closed:
            return  # a call that was still in progress when the emulator stopped
        with self._connection:
            for kind, record_id, record in changes:
                if record is not None:
                    self._connection.execute(
                        "INSERT INTO record (project, kind, id, body) VALUES (?, ?, ?, ?)"
                        " ON CONFLICT (project, kind, id) DO UPDATE SET body = excluded.body",
                        (project_id, kind, record_id, json.dumps(asdict(record))),
                    )
                else:
                    self._connection.execute(
                        "DELETE FROM record WHERE project = ? AND kind = ? AND id = ?",
                        (project_id, kind, record_id),
                    )

    def close(self) -> None:
        self._closed = True
        self._connection.close()
