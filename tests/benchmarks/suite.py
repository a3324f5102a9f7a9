"""How long ``make test`` took when it last passed here; benchmarks do not run it themselves."""

from __future__ import annotations

import json
import sys

from tests.benchmarks.marks import Mark, Result
from tests.support.worker import ROOT

# scripts/test.sh writes it.
LAST = ROOT / "test-results" / "make-test.json"
TITLE = "The test suite"
TEXT = """\
`make test`: style, types, documentation, all tests on SQLite, those that depend on the database on
PostgreSQL, other user models and settings, and the tests beside other apps. It notes how long it
took; where it has not passed yet, its row is left out."""


def measure() -> Result:
    """Read what the last passing run has noted."""
    if not LAST.exists():
        print("make test has not passed here yet: its row is left out.", file=sys.stderr)
        return Result(TITLE, TEXT)
    last = json.loads(LAST.read_text(encoding="utf-8"))
    note = f"{last['finished']}; left out: {last['left_out']}"
    mark = Mark("Time of `make test`", last["seconds"] / 60, "min", at_most=15, note=note)
    return Result(TITLE, TEXT, [mark])
