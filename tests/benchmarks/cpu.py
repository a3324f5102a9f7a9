"""What other processes have used of the CPU, as Linux counts it."""

from __future__ import annotations

import os
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
