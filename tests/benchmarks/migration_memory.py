"""How much memory a run takes at 1,000 and at 1,000,000 users."""

from __future__ import annotations

import time

from tests.benchmarks.cpu import peak_of
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.site import Site, a_site
from tests.support.scripted_corbado import a_corbado

SIZES = (1_000, 1_000_000)
TEXT = """\
The peak of the resident memory of one command. The dry run looks at every user; the run goes
through all of them and moves every fiftieth (the others have moved before), eight in flight."""


def measure() -> Result:
    """Measure the dry run and the run at both sizes."""
    marks = []
    rows = []
    sizes = (SIZES[0], size(SIZES[1], 20_000))
    with a_site() as site:
        for name, arguments, moved_before in (
            ("dry run", ["--dry-run"], False),
            ("run", ["--rate=100000"], True),
        ):
            peaks = []
            for users in sizes:
                site.fill(users, moved_before=moved_before)
                began = time.monotonic()
                peaks.append(_peak(site, arguments))
                seconds = time.monotonic() - began
                rows.append((name, f"{users:,}", f"{peaks[-1]:.1f}", f"{seconds:.0f}"))
            marks.append(
                Mark(
                    f"Peak memory of a {name} at {sizes[1]:,} users, over that at {sizes[0]:,}",
                    peaks[1] - peaks[0],
                    "MB",
                    at_most=10,
                )
            )
    header = ("", "users", "peak, MB", "seconds")
    return Result("Memory of a migration", TEXT, marks, [Table("Peaks", header, rows)])


def _peak(site: Site, arguments: list[str]) -> float:
    """Return the peak of the resident memory of one worker, in MB."""
    with a_corbado() as corbado:
        worker = site.start(corbado, *arguments, "--verbosity=0")
        peak = peak_of(worker)
        output = worker.communicate()
        assert worker.returncode in {0, 1}, output
    return peak
