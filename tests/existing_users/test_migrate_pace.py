"""How fast a run asks, and how it shows its progress."""

from __future__ import annotations

import io
from contextlib import closing
from typing import Any

import pytest

from corbado_auth.corbado_api.transport import CONNECTIONS_KEPT
from corbado_auth.existing_users.bulk import progress, rate_limit
from corbado_auth.existing_users.bulk.progress import Progress
from corbado_auth.existing_users.bulk.rate_limit import LATE, RateLimiter, StopFlag, Stopped
from corbado_auth.existing_users.bulk.run import MAX_CONCURRENCY
from corbado_auth.existing_users.outcomes import Outcome
from corbado_auth.testing import Corbado
from tests.support.migration import add_users, run


class Clock:
    """A clock that moves only by waiting."""

    def __init__(self) -> None:
        self.now = 100.0

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limit.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(StopFlag, "wait", lambda _self, seconds: clock.wait(seconds))
    return clock


def test_turns_are_given_out_evenly(clock: Clock) -> None:
    rate = RateLimiter(4, StopFlag())
    taken = [rate.take_turn() or clock.now for _turn in range(9)]
    assert taken[-1] - taken[0] == pytest.approx(2 - LATE, abs=0.05)


def test_a_pause_holds_every_turn(clock: Clock) -> None:
    rate = RateLimiter(1000, StopFlag())
    rate.pause(30)
    assert rate.take(5) == 0
    rate.take_turn()
    assert clock.now == pytest.approx(130, abs=0.05)


def test_turns_that_are_due_are_taken_without_waiting(clock: Clock) -> None:
    rate = RateLimiter(10, StopFlag())
    assert rate.take(100) == 1 + int(LATE * 10)
    assert rate.take(100) == 0
    clock.now += 0.3
    assert (rate.take(2), rate.take(0), rate.take(100)) == (2, 0, 1)


def test_there_are_no_turns_after_the_stop() -> None:
    stop = StopFlag()
    stop.stop("first")
    stop.stop("second")
    with pytest.raises(Stopped):
        RateLimiter(1000, stop).take_turn()
    assert stop.reason == "first"


def test_no_more_requests_are_in_flight_than_connections_are_kept() -> None:
    assert MAX_CONCURRENCY <= CONNECTIONS_KEPT


@pytest.mark.django_db
def test_without_a_terminal_progress_is_plain_lines(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    add_users(4)
    output, _code = run()
    assert "3 of 4 users (75%)" in output
    assert "left, 0 refused" in output


def test_on_a_terminal_progress_is_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen: Any = Terminal()
    said: list[str] = []
    with closing(Progress(4, said.append, screen)) as bar:
        bar.add(Outcome("created"))
    assert "/4" in screen.getvalue()
    assert said == []
