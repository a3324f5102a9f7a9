"""100,000 users, 5 % faults and three kill -9: does everyone have exactly one?

Faults are 429, 500, and answers that are lost after Corbado has done what was asked.
"""

from __future__ import annotations

import csv
import os
import signal
import tempfile
import time
from pathlib import Path

from tests.benchmarks.site import SHARING, Site, a_site, ask
from tests.support.scripted_corbado import a_corbado

USERS = int(os.environ.get("BENCHMARK_USERS", "100000"))
FAULTS = 0.05
KILLS = 3
HELD = "SELECT 1 FROM corbado_auth_migrationlease WHERE expires_at > now()"
ARGUMENTS = ("--rate=100000", "--concurrency=8", "--verbosity=0")


def main() -> None:
    """Move them, kill three times, and compare the three sides."""
    with a_site() as site, a_corbado(f"--faults={FAULTS}") as corbado:
        site.fill(USERS)
        began = time.monotonic()
        _move(site, corbado)
        seconds = time.monotonic() - began
        state = ask(f"{corbado}/state")
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.csv")
            last = site.start(corbado, *ARGUMENTS, f"--report={report}", "--report-emails")
            print(last.communicate()[0].rstrip())
            _compare(site, corbado, report)
        calls = state["calls"]
        print(f"{USERS:,} users in {seconds:.0f} s: {calls['all']:,} calls, of which", end=" ")
        print(", ".join(f"{calls[fault]:,} {fault}" for fault in ("429", "500", "lost")))


def _move(site: Site, corbado: str) -> None:
    run = site.start(corbado, *ARGUMENTS)
    for kill in range(1, KILLS + 1):
        while ask(f"{corbado}/state")["users"] < USERS * (1 - SHARING) * kill / (KILLS + 1):
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        print(f"kill -9 no. {kill} at {ask(f'{corbado}/state')['users']:,} users", flush=True)
        refused = site.start(corbado, *ARGUMENTS)
        print(refused.communicate()[1].rstrip().splitlines()[-1], flush=True)
        assert refused.returncode == 2
        while site.execute(HELD):
            time.sleep(1)
        run = site.start(corbado, *ARGUMENTS)
    output, errors = run.communicate()
    assert run.returncode == 1, output + errors


def _compare(site: Site, corbado: str, report: Path) -> None:
    eligible = {
        email
        for (email,) in site.execute("SELECT email FROM auth_user GROUP BY 1 HAVING count(*) = 1")
    }
    at_corbado = ask(f"{corbado}/users")["users"]
    accounts = site.execute(
        "SELECT u.email, a.corbado_user_id FROM corbado_auth_corbadoaccount AS a "
        "JOIN auth_user AS u ON u.id = a.user_id"
    )
    with report.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    reported = {row["email"]: row["corbado_user_id"] for row in rows if row["corbado_user_id"]}
    for sentence, holds in (
        ("every eligible user has a Corbado user, and nobody else", set(at_corbado) == eligible),
        ("every eligible user has exactly one row", len(accounts) == len(eligible)),
        ("the rows are those of Corbado", dict(accounts) == at_corbado),
        ("the report has one row a user", len({row["user"] for row in rows}) == len(rows) == USERS),
        ("the report agrees with both sides", reported == at_corbado),
    ):
        print(f"{'yes' if holds else 'NO ':<4} {sentence}")
