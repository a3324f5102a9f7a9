"""Calls and connections of many sign-ins by threads, and what a new TLS connection costs."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import certifi
import requests
import trustme

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.rounds import Comparison, in_turns
from tests.benchmarks.workers import Worker, a_worker
from tests.support.scripted_corbado import a_corbado

THREADS = 8
SIGN_INS = 1000
PEOPLE = 200
BATCH = 8
ROUNDS = 40
TEXT = f"""\
{SIGN_INS:,} people come back, {THREADS} at a time, to one process; the stand-in for Corbado counts.
It waits 5 ms before it answers, so that all threads really wait at once.

Then the stand-in speaks TLS, with a certificate from an authority of the tests, which is in a
bundle with those that requests trusts, so that the bundle is as large as in real life. In turns, it
keeps the connection open, or closes it after each answer. Bare is shown for comparison: `requests`
loads the bundle at every new connection."""


def measure() -> Result:
    """Count the connections, then compare open and new ones."""
    with ExitStack() as stack:
        enter = stack.enter_context
        ours_database, bare_database = enter(databases(POSTGRESQL, "ours", "bare"))
        calls, connections = _by_threads(ours_database)

        folder = Path(enter(tempfile.TemporaryDirectory()))
        authority = trustme.CA()
        certificate, bundle = folder / "server.pem", folder / "bundle.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        keeps = enter(a_corbado(f"--certificate={certificate}"))
        closes = enter(a_corbado(f"--certificate={certificate}", "--closes"))
        trust = {"REQUESTS_CA_BUNDLE": str(bundle), "WORKER_CA_BUNDLE": str(bundle)}
        ours = enter(a_worker("ours", ours_database, keeps, **trust))
        bare = enter(a_worker("bare", bare_database, keeps, **trust))
        for worker in (ours, bare):
            worker.tell("fill", users=PEOPLE)
        ours_found = _compare(ours, keeps, closes)
        bare_found = _compare(bare, keeps, closes)
    return Result(
        "Connections",
        TEXT,
        [
            Mark("HTTP calls per sign-in", calls / SIGN_INS, "calls", 1, 1, is_count=True),
            Mark(
                f"TCP connections of {SIGN_INS:,} sign-ins by {THREADS} threads",
                connections,
                "connections",
                at_most=THREADS,
                is_count=True,
            ),
            Mark(
                "CPU of a sign-in that opens a TLS connection, over one that finds it open",
                1000 * ours_found.difference,
                "ms more",
                at_most=2,
                note=f"bare: {1000 * bare_found.difference:.1f} ms more",
            ),
        ],
        [
            Table(
                "CPU of one sign-in over TLS, ms",
                ("", "connection open", "connection new"),
                [
                    (name, *(1000 * seconds for seconds in found.medians[::-1]))
                    for name, found in (("ours", ours_found), ("bare", bare_found))
                ],
            )
        ],
    )


def _by_threads(database: dict[str, str]) -> tuple[int, int]:
    with a_corbado("--delay=0.005") as corbado, a_worker("ours", database, corbado) as worker:
        worker.tell("fill", users=PEOPLE)
        for first in range(0, SIGN_INS, PEOPLE):
            people = min(PEOPLE, SIGN_INS - first)
            worker.tell("sign_in_by_threads", first=0, last=people, threads=THREADS)
        state = requests.get(f"{corbado}/state", timeout=10).json()
    # The last question is one more connection.
    return state["calls"]["all"], state["connections"] - 1


def _compare(worker: Worker, keeps: str, closes: str) -> Comparison:
    def turn(corbado: str) -> float:
        worker.tell("move_corbado", url=corbado)
        # The first after a turn of the other may open one, or find one that was closed.
        worker.tell("sign_in", kind="returning", first=0, last=1)
        return float(worker.tell("sign_in", kind="returning", first=0, last=BATCH))

    return in_turns(lambda: turn(closes), lambda: turn(keeps), size(ROUNDS, 4))
