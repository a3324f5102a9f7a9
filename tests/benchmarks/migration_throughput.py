"""How fast users move, beside a bare pooled loop over the same server and the rate limit."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from statistics import median

import requests
from requests.adapters import HTTPAdapter

from tests.benchmarks.marks import Mark, Plot, Result, Table, size
from tests.benchmarks.rounds import Comparison
from tests.benchmarks.site import Site, a_site, ask
from tests.support.scripted_corbado import a_corbado

# How many are in flight -> how many users are moved that way: some seconds each.
IN_FLIGHT = {8: 2_000, 32: 4_000}
# Requests per second; Corbado's published limits are 10 and 200 (API notes 1.2).
RATES = {10: 60, 200: 1_200}
NO_LIMIT = 100_000
# A tenth more than Corbado's highest limit; or, where the machine is slower, nearly all of it.
ENOUGH = 220
NEARLY_ALL = 0.95
# Seconds that the server waits before it answers: not at all, and as a network away.
# Only the first has marks, and so more rounds.
DELAYS = {0.0: 5, 0.02: 3}
TEXT = """\
Existing users are moved by `manage.py corbado_migrate_users`, one process, on PostgreSQL; the
server that stands in for Corbado, another one, answers at once, or after 20 ms. Beside it runs a
bare loop: as many threads, one pooled `requests.Session`, the same requests, and nothing written to
a database. They take turns. Speed is counted by the server, from its first request to its last.

Corbado's highest published limit is 200 requests a second, so 220 users a second are enough; where
a server answers at once, and the machine is so slow that the bare loop does not get there, 95 % of
its speed. Beyond that the processor is what both wait for: the command reads and writes its rows
in the time in which the bare loop sends requests."""


def measure() -> Result:
    """Compare at each number in flight, then look at rate limits."""
    marks: list[Mark] = []
    rows: list[tuple[str, str, str, str]] = []
    bars: dict[str, list[tuple[float | str, float]]] = {"command": [], "bare loop": []}
    with a_site() as site:
        for delay, rounds in DELAYS.items():
            server = f"server at {1000 * delay:.0f} ms" if delay else "server at once"
            for in_flight, users in IN_FLIGHT.items():
                users = size(users, 600)
                turns = range(size(rounds, 2))
                pairs = [_round(site, in_flight, users, turn, delay) for turn in turns]
                found, cpu = _compared(pairs)
                speed, bare = found.medians
                if not delay:
                    marks.append(
                        Mark(
                            f"Users moved per second, {in_flight} in flight, {server}",
                            speed,
                            "",
                            at_least=min(ENOUGH, NEARLY_ALL * bare),
                            note=f"bare loop {bare:.0f}; {found.spread}",
                        )
                    )
                milliseconds = f"{1000 * cpu[0]:.2f} ms (bare {1000 * cpu[1]:.2f} ms)"
                name = f"{in_flight}, {server}"
                rows.append((name, f"{speed:.0f}", f"{bare:.0f}", milliseconds))
                for line, value in zip(bars, found.medians, strict=True):
                    bars[line].append((name, value))
        limits = [_limited(site, rate, size(users, 40)) for rate, users in RATES.items()]
    return Result(
        "Moving existing users",
        TEXT,
        marks,
        [
            Table(
                "In flight", ("", "command, users/s", "bare loop, requests/s", "CPU per user"), rows
            ),
            Table("Rate limits, 8 in flight", ("--rate", "users/s", "of the limit"), limits),
        ],
        [Plot("migration", "Users moved per second", "", "users/s", "bars", bars)],
    )


Pair = tuple[float, float, float, float]


def _round(site: Site, in_flight: int, users: int, turn: int, delay: float) -> Pair:
    """Return speed and CPU of one user: the command's, the bare loop's. Each begins in turn."""
    if turn % 2:
        ours = _command(site, in_flight, users, delay)
        bare = _bare_loop(in_flight, users, delay)
    else:
        bare = _bare_loop(in_flight, users, delay)
        ours = _command(site, in_flight, users, delay)
    return (*ours, *bare)


def _compared(pairs: list[Pair]) -> tuple[Comparison, tuple[float, float]]:
    speed, cpu, bare_speed, bare_cpu = zip(*pairs, strict=True)
    return Comparison(speed, bare_speed), (median(cpu), median(bare_cpu))


def _limited(site: Site, rate: int, users: int) -> tuple[str, str, str]:
    speed, _cpu = _command(site, 8, users, max(DELAYS), rate)
    return f"{rate}", f"{speed:.1f}", f"{speed / rate:.0%}"


def _command(
    site: Site, in_flight: int, users: int, delay: float, rate: int = NO_LIMIT
) -> tuple[float, float]:
    """Return users a second, and the CPU time of one, the process's own start left out."""
    site.fill(users)
    with a_corbado(f"--delay={delay}") as corbado:
        arguments = (f"--rate={rate}", f"--concurrency={in_flight}", "--verbosity=0")
        cpu = _end(site.start(corbado, *arguments)) - _start_costs(site)
        state = ask(f"{corbado}/state")
    return (state["calls"]["all"] - 1) / state["seconds"], cpu / users


def _start_costs(site: Site) -> float:
    """Return the CPU time of a command that finds nobody to move."""
    if not hasattr(site, "start_costs"):
        nobody = site.start("http://127.0.0.1:1", "--dry-run", "--limit=1", "--verbosity=0")
        site.start_costs = _end(nobody)  # type: ignore[attr-defined]
    return float(site.start_costs)  # type: ignore[attr-defined]


def _end(worker: subprocess.Popen[str]) -> float:
    """Wait for a worker and return the CPU time that it took."""
    # Read before it is waited for: a full pipe would hold it up.
    assert worker.stdout is not None
    assert worker.stderr is not None
    output = worker.stdout.read() + worker.stderr.read()
    _pid, status, usage = os.wait4(worker.pid, 0)
    worker.returncode = os.waitstatus_to_exitcode(status)
    assert worker.returncode in {0, 1}, output
    return usage.ru_utime + usage.ru_stime


def _bare_loop(threads: int, number: int, delay: float) -> tuple[float, float]:
    """Send the same requests as the command, and do nothing else."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=threads))
    numbers = iter(range(number))
    lock = threading.Lock()

    with a_corbado(f"--delay={delay}") as corbado:

        def work() -> None:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                address = f"user{number}@example.com"
                body = {"name": address, "email": address, "fullName": "First Last"}
                session.post(f"{corbado}/v1/users", json=body, auth=("pro-1", "secret"), timeout=9)

        began = time.process_time()
        started = [threading.Thread(target=work) for _number in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        cpu = time.process_time() - began
        state = ask(f"{corbado}/state")
    return (state["calls"]["all"] - 1) / state["seconds"], cpu / number
