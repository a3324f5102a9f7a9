"""What the ``passwordVerify`` webhook costs over the one password hash that it needs."""

from __future__ import annotations

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.marks import Result, size
from tests.benchmarks.rounds import Comparison
from tests.benchmarks.workers import a_worker

ROUNDS = 15
TEXT = """\
Corbado asks the webhook whether a password is right; it is. In the same process the same password
is checked against the same hash (Django's default hasher, PBKDF2) with `check_password()`."""


def measure() -> Result:
    """Ask in turns."""
    with databases(POSTGRESQL, "ours") as (database,), a_worker("ours", database, "") as worker:
        worker.tell("fill", users=200)
        rounds = [worker.tell("password_verify") for _round in range(1 + size(ROUNDS, 4))][1:]
    found = Comparison(*zip(*rounds, strict=True))
    webhook, one_hash = (1000 * seconds for seconds in found.medians)
    return Result(
        "The password webhook",
        TEXT,
        [
            found.mark(
                "CPU of the `passwordVerify` webhook over one password hash",
                at_most=1.05,
                note=f"{webhook:.0f} ms, {one_hash:.0f} ms",
            )
        ],
    )
