"""How fast users move, beside a bare pooled loop over the same server and the rate limit.

Said: at least 90 % of the rate limit or of the bare loop, whichever is lower.
"""

from __future__ import annotations

import threading

import requests
from requests.adapters import HTTPAdapter

from tests.benchmarks.site import Site, a_corbado, a_site, ask

THREADS = 8
# Requests per second, and how many users: some ten seconds each. Corbado's highest published limit
# is 200 (contract 1.2).
RATES = {5: 50, 50: 500, 100: 1_000, 200: 2_000}
NO_LIMIT = 100_000
MANY = 3_000
# Seconds that the server waits before it answers: none, and a network away.
DELAYS = (0.0, 0.05)


def main() -> None:
    """Print a line for each."""
    with a_site() as site:
        for delay in DELAYS:
            bare = _bare_loop(delay)
            print(f"server answers after {delay * 1000:.0f} ms; {THREADS} threads")
            print(f"  bare pooled loop       {bare:7.1f} requests/s")
            for rate, users in {**RATES, NO_LIMIT: MANY}.items():
                reached = _command(site, delay, rate, users)
                lower = min(bare, rate)
                limit = "no limit " if rate == NO_LIMIT else f"--rate {rate}"
                share = f"{reached / lower:4.0%} of the lower of limit and loop"
                print(f"  command, {limit:<12}  {reached:7.1f} requests/s  {share}", flush=True)


def _command(site: Site, delay: float, rate: int, users: int) -> float:
    site.fill(users)
    with a_corbado(f"--delay={delay}") as corbado:
        worker = site.start(corbado, f"--rate={rate}", f"--concurrency={THREADS}")
        output, errors = worker.communicate()
        assert worker.returncode in {0, 1}, output + errors
        state = ask(f"{corbado}/state")
    return float((state["calls"]["all"] - 1) / state["seconds"])


def _bare_loop(delay: float) -> float:
    """Send the same requests as the command, and do nothing else."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
    numbers = iter(range(MANY))
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

        threads = [threading.Thread(target=work) for _number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        state = ask(f"{corbado}/state")
    return float((state["calls"]["all"] - 1) / state["seconds"])
