"""How long ``make test`` took when it last passed here; benchmarks do not run it themselves."""

from __future__ import annotations

import json

from tests.benchmarks.marks import Mark, Result
from tests.support.worker import ROOT

# scripts/test.sh writes it.
LAST = ROOT / "test-results" / "make-test.json"
TITLE, WHAT, MOST = "The test suite", "Time of `make test`", 15
TEXT = """\
`make test`: style, types, documentation, all tests on SQLite, those that depend on the database on
PostgreSQL, other user models and settings, and the tests beside other apps. It notes how long it
took when it last passed."""


def measure() -> Result:
    """Read what the last passing run has noted."""
    if not LAST.exists():
        missing = Mark(WHAT, None, at_most=MOST, note="`make test` has not passed here yet")
        return Result(TITLE, TEXT, [missing])
    last = json.loads(LAST.read_text(encoding="utf-8"))
    note = f"{last['finished']}; left out: {last['left_out']}"
    mark = Mark(WHAT, last["seconds"] / 60, "min", at_most=MOST, note=note)
    return Result(TITLE, TEXT, [mark])
