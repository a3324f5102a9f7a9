"""What dies while visitors sign in, and what happens to them."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.scaling.footprint import Footprint, look_at
from tests.scaling.people import half_made, invite
from tests.scaling.servers import Farm
from tests.scaling.visitors import Trouble, Visit, let_them_come

VISITORS = int(os.environ.get("SCALING_VISITORS", "300"))
AT_ONCE = 16
SECONDS = 120.0
SEVERAL_HOSTS = ("settings.py: one box", "settings.py: several web hosts")
THROUGH_PGBOUNCER = (*SEVERAL_HOSTS, "settings.py: PgBouncer")
OUTLIVES_REDIS = (*SEVERAL_HOSTS, "settings.py: sessions that outlive Redis")

# Is given the farm, and a function that tells which part of the visits is over.
Chaos = Callable[[Farm, Callable[[], float]], None]


@dataclass(frozen=True)
class Scenario:
    """One thing that goes wrong, under the settings of these blocks of docs/scaling.md."""

    name: str
    happens: Chaos
    blocks: tuple[str, ...] = SEVERAL_HOSTS
    # What a visitor may see of it; the first of these is seen by some in every run.
    may_happen: tuple[str, ...] = ()
    is_noticed: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Outcome:
    """What happened to everyone, and to the rows."""

    scenario: Scenario
    visits: list[Visit]
    seconds: float
    half_made: list[str]
    log: str
    before: Footprint
    after: Footprint

    @property
    def troubles(self) -> list[Trouble]:
        return [trouble for visit in self.visits for trouble in visit.troubles]

    def rows(self) -> list[tuple[str, str, int]]:
        """Return what happened first, how the visit ended, and to how many."""
        counted = Counter((_began(visit), _ended(visit)) for visit in self.visits)
        ordered = sorted(counted.items(), key=lambda item: (item[0] != ("", "at once"), -item[1]))
        return [(first, end, number) for (first, end), number in ordered]


def _began(visit: Visit) -> str:
    if not visit.troubles:
        return ""
    first = visit.troubles[0]
    return f"{first.step}: {first.what}"


def _ended(visit: Visit) -> str:
    if visit.signed_in_as is None:
        return "never"
    if not visit.troubles:
        return "at once"
    if visit.sign_ins == 1:
        return "in after a reload"
    return "in on the second sign-in" if visit.sign_ins == 2 else "in on a later sign-in"


def play(farm: Farm, scenario: Scenario) -> Outcome:
    """Let everyone come while it happens, and look at the rows afterwards."""
    people = invite(farm, VISITORS)
    before = look_at(farm)
    with farm.web_hosts(*scenario.blocks) as hosts:
        began = time.monotonic()
        visits = let_them_come(
            people, hosts, farm.corbado, at_once=AT_ONCE, seconds=SECONDS,
            meanwhile=lambda done: scenario.happens(farm, done),
        )  # fmt: skip
        seconds = time.monotonic() - began
        log = "".join(host.log.read_text(errors="replace") for host in hosts)
        after = look_at(farm)
    return Outcome(scenario, visits, seconds, half_made(farm), log, before, after)


def nothing(_farm: Farm, _done: Callable[[], float]) -> None:
    """Leave everything as it is."""


def workers_are_killed(farm: Farm, done: Callable[[], float]) -> None:
    """Kill a worker of each host in turn, eight times."""
    for kill in range(1, 9):
        wait_for(done, kill / 10)
        os.kill(farm.hosts[kill % 2].workers[0], signal.SIGKILL)


def postgresql_is_restarted(farm: Farm, done: Callable[[], float]) -> None:
    """Restart it three times; it is away for a second each time."""
    for part in (0.2, 0.45, 0.7):
        wait_for(done, part)
        farm.postgresql.shut_down()
        time.sleep(1)
        farm.postgresql.start()


def redis_is_gone(farm: Farm, done: Callable[[], float]) -> None:
    """Kill it twice; it is away for three seconds each time, and comes back empty."""
    for part in (0.2, 0.6):
        wait_for(done, part)
        farm.redis.stop(signal.SIGKILL)
        time.sleep(3)
        farm.redis.start()


def redis_hangs(farm: Farm, done: Callable[[], float]) -> None:
    """Let it answer nothing for three seconds."""
    wait_for(done, 0.3)
    farm.redis.process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    farm.redis.process.send_signal(signal.SIGCONT)


def wait_for(done: Callable[[], float], part: float) -> None:
    """Wait until this part of the visits is over."""
    while done() < part:
        time.sleep(0.02)


OURS = "503 Sign-in could not be finished"
OF_THE_SITE = "500 Something went wrong"
# Django takes a session that cannot be saved for one that was deleted.
ALSO_OF_THE_SITE = "400 Something went wrong"
RESET = "connection reset"
SPENT = "400 This sign-in link has been used or has expired"

# What Redis was asked to keep, and nobody waited for any longer, it keeps when it goes on: the
# session of before the sign-in in place of the one after it.
SIGNED_OUT = "not signed in"

SCENARIOS = (
    Scenario("nothing happens", nothing),
    Scenario(
        "kill -9 of a worker, eight times", workers_are_killed,
        may_happen=(RESET, SPENT), is_noticed=True,
    ),
    Scenario(
        "PostgreSQL restarted, three times", postgresql_is_restarted,
        may_happen=(OURS, OF_THE_SITE, ALSO_OF_THE_SITE), is_noticed=True,
    ),
    Scenario(
        "Redis gone for three seconds, twice", redis_is_gone,
        may_happen=(OURS, OF_THE_SITE), is_noticed=True,
    ),
    Scenario("Redis gone for three seconds, with `SessionCache`", redis_is_gone, OUTLIVES_REDIS),
    Scenario(
        "Redis hangs for three seconds, with `SessionCache`", redis_hangs, OUTLIVES_REDIS,
        may_happen=(SIGNED_OUT,),
    ),
)  # fmt: skip
