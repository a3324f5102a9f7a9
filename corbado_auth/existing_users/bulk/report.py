"""The report of a run: one row per user, written as it happens."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from corbado_auth.existing_users.outcomes import REASONS, Outcome
from corbado_auth.existing_users.report_files import open_report, without_formulas
from corbado_auth.local_users import email_of

__all__ = ["Report"]

COLUMNS = ("user", "outcome", "reason", "meaning", "corbado_user_id")


class Report:
    """A ``.csv``, ``.json`` or ``.jsonl`` file that only its owner may read.

    Addresses are included only with ``emails``. Raises ValueError for other kinds of file, and
    OSError.
    """

    def __init__(self, path: Path, *, emails: bool = False) -> None:
        self._suffix = path.suffix.lower()
        if self._suffix not in {".csv", ".json", ".jsonl"}:
            raise ValueError("the name must end in .csv, .json or .jsonl")
        self._emails = emails
        self._rows = 0
        self._file = open_report(path)
        if self._suffix == ".csv":
            csv.writer(self).writerow([*COLUMNS, *(["email"] if emails else [])])

    def close(self) -> None:
        """Finish the file; raises OSError."""
        if self._suffix == ".json":
            self.write("\n]\n" if self._rows else "[]\n")
        self._file.close()

    def add(self, user: Any, outcome: Outcome) -> None:
        """Write what became of one user; raises OSError, once."""
        row = {
            "user": str(user.pk),
            "outcome": outcome.kind,
            "reason": outcome.reason,
            "meaning": REASONS.get(outcome.reason, ""),
            "corbado_user_id": outcome.corbado_user_id,
        }
        if self._emails:
            row["email"] = email_of(user)
        if self._suffix == ".csv":
            csv.writer(self).writerow(without_formulas(row.values()))
        else:
            before = ("[\n", ",\n")[self._rows > 0] if self._suffix == ".json" else ""
            after = "\n" if self._suffix == ".jsonl" else ""
            self.write(before + json.dumps(row, ensure_ascii=False) + after)
        self._rows += 1

    def write(self, text: str) -> None:
        """Write a line, unless an earlier one failed: the disk may be full."""
        if not self._file.closed:
            try:
                self._file.write(text)
            except OSError:
                with suppress(OSError):
                    self._file.close()
                raise
