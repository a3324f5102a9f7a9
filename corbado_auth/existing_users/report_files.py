"""Report files: readable only by their owner, and safe to open in a spreadsheet."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import IO

__all__ = ["open_report", "without_formulas"]

# What spreadsheets take for a formula, in some languages full-width, too: anyone may have
# registered with such an address.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def open_report(path: Path) -> IO[str]:
    """Open a file for writing line by line, mode 0600, replacing what is there.

    Line-buffered, so that a killed process leaves complete lines. Raises OSError.
    """
    return open(path, "w", encoding="utf-8", newline="", buffering=1, opener=_private)


def without_formulas(values: Iterable[object]) -> list[str]:
    """Return the cells of a CSV row, with a ``'`` before anything a spreadsheet would run."""
    cells = map(str, values)
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]


def _private(path: str, flags: int) -> int:
    # Truncated only once it is private, so that nobody else reads the new lines, and the old
    # content survives a failure.
    file = os.open(path, flags & ~os.O_TRUNC, 0o600)
    try:
        if stat.S_ISREG(os.fstat(file).st_mode):  # Not /dev/stdout, for instance.
            if hasattr(os, "fchmod"):
                os.fchmod(file, 0o600)
            os.truncate(file, 0)
    except OSError:
        os.close(file)
        raise
    return file
