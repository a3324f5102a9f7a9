"""Move many existing users over, with several threads, beside other workers on other hosts.

``run`` tells the story: walk over the users in pages, claim those of a page, let the threads move
them at the agreed pace, and at the end look after what other workers left behind.
"""

from __future__ import annotations

from .claims import Claims
from .pace import Halt, Pace, stopped_by_signals
from .progress import Progress
from .report import Report
from .run import MOST_IN_FLIGHT, BulkMigration
from .walk import Scope

__all__ = [
    "MOST_IN_FLIGHT",
    "BulkMigration",
    "Claims",
    "Halt",
    "Pace",
    "Progress",
    "Report",
    "Scope",
    "stopped_by_signals",
]
