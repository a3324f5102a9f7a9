"""How much memory a run takes at 1,000 and at 1,000,000 users.

Said: the peak at a million is at most 10 MB over that at a thousand. The run moves every fiftieth
user (the others have moved before, so it walks over all of them); the dry run looks at everybody.
"""

from __future__ import annotations

import os
import time

from tests.benchmarks.site import Site, a_corbado, a_site

SIZES = (1_000, 1_000_000)


def main() -> None:
    """Print the peaks, and what a million costs over a thousand."""
    with a_site() as site:
        for name, arguments, moved_before in (
            ("dry run", ["--dry-run"], False),
            ("run", ["--rate=100000"], True),
        ):
            peaks = []
            for users in SIZES:
                site.fill(users, moved_before=moved_before)
                began = time.monotonic()
                peaks.append(_peak(site, arguments))
                seconds = time.monotonic() - began
                print(f"{name:<8} {users:>9,} users {peaks[-1]:7.1f} MB  {seconds:6.0f} s")
            print(f"{name:<8} a million over a thousand: {peaks[1] - peaks[0]:+.1f} MB", flush=True)


def _peak(site: Site, arguments: list[str]) -> float:
    """Return the peak of the resident memory of one worker, in MB."""
    with a_corbado() as corbado:
        worker = site.start(corbado, *arguments)
        # Read before it is waited for: a full pipe would hold it up.
        assert worker.stdout is not None
        assert worker.stderr is not None
        output = worker.stdout.read() + worker.stderr.read()
        _pid, status, usage = os.wait4(worker.pid, 0)
        worker.returncode = os.waitstatus_to_exitcode(status)
        assert worker.returncode in {0, 1}, output
    return usage.ru_maxrss / 1024
