"""What other processes have used of the CPU and hold in memory, as Linux counts it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def seconds_of(root: int) -> float:
    """Return the CPU time of a process and all below it, the ended ones included."""
    total = 0
    for pid in [root, *_below(root)]:
        fields = _fields(pid)
        # utime, stime, and what children that have ended used: proc_pid_stat(5), 14 to 17.
        total += sum(map(int, fields[11:15])) if fields else 0
    return total / TICK


def peak_of(process: subprocess.Popen[str]) -> float:
    """Wait until a process ends; return the peak of its resident memory in MB.

    As the kernel shows it while the process lives: what wait4() reports afterwards is no less than
    what the process had before it became Python, which is as much as this one has.
    """
    status, peak = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="utf-8"))
        peak = max(peak, int(found[1]) if found else 0)
        time.sleep(0.02)
    return peak / 1024


def child_with(words: str) -> int:
    """Return the process below this one whose command line has these words."""
    for pid in _below(os.getpid()):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        if words.encode() in command:
            return pid
    raise LookupError(words)


def _below(root: int) -> list[int]:
    found = []
    try:
        for task in os.listdir(f"/proc/{root}/task"):
            for child in Path(f"/proc/{root}/task/{task}/children").read_text().split():
                found += [int(child), *_below(int(child))]
    except OSError:
        pass  # It has ended meanwhile.
    return found


def _fields(pid: int) -> list[str]:
    """Return the fields after the name, which is in brackets and may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
