"""The report of a run: one row a user, written as it happens."""

from __future__ import annotations

import csv
import json
import os
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from corbado_auth.existing_users.outcomes import REASONS, Outcome
from corbado_auth.local_users import email_of

__all__ = ["Report"]

COLUMNS = ("user", "outcome", "reason", "meaning", "corbado_user_id")
# What spreadsheets take for a formula; anybody may have registered with such an address.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Report:
    """Write rows to a ``.csv``, ``.json`` or ``.jsonl`` file that only its owner may read.

    Addresses are left out unless ``emails``. Raises ValueError for another kind of file, OSError.
    """

    def __init__(self, path: Path, *, emails: bool = False) -> None:
        self._suffix = path.suffix.lower()
        if self._suffix not in {".csv", ".json", ".jsonl"}:
            raise ValueError("the name has to end in .csv, .json or .jsonl")
        self._emails = emails
        # By lines, so that a killed run leaves whole ones.
        self._file = open(  # noqa: SIM115 - closed by __exit__
            path, "w", encoding="utf-8", newline="", buffering=1, opener=_private
        )
        self._csv = csv.DictWriter(self._file, [*COLUMNS, *(["email"] if emails else [])])
        self._rows = 0
        self._is_broken = False
        if self._suffix == ".csv":
            self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A disk that is full was noticed before, by `add`.
        with suppress(OSError) if self._is_broken else nullcontext():
            try:
                if self._suffix == ".json":
                    self._file.write("\n]\n" if self._rows else "[]\n")
            finally:
                self._file.close()

    def _begin(self) -> None:
        try:
            self._csv.writeheader()
        except OSError:
            with suppress(OSError):
                self._file.close()
            raise

    def add(self, user: Any, outcome: Outcome) -> None:
        """Write what became of one user; raises OSError."""
        row = {
            "user": str(user.pk),
            "outcome": outcome.kind,
            "reason": outcome.reason,
            "meaning": REASONS.get(outcome.reason, ""),
            "corbado_user_id": outcome.corbado_user_id,
        }
        if self._emails:
            row["email"] = email_of(user)
        self._is_broken = True
        if self._suffix == ".csv":
            self._csv.writerow({name: _harmless(value) for name, value in row.items()})
        else:
            between = {".jsonl": "", ".json": ",\n" if self._rows else "[\n"}[self._suffix]
            after = "\n" if self._suffix == ".jsonl" else ""
            self._file.write(between + json.dumps(row, ensure_ascii=False) + after)
        self._is_broken = False
        self._rows += 1


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
