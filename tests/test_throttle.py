"""The limit on failed attempts: what counts, for whom, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.core.cache import cache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.test import RequestFactory
from pytest_django import Settings

from corbado_auth import throttle
from corbado_auth.throttle import Attempt
from tests.support.vouching import ours

HERE = "192.0.2.1"
LIMIT = 3


class FailingCache(DummyCache):
    """A cache whose server is away."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        raise ConnectionError("redis at 192.0.2.99 is away")


class CountingCache(DummyCache):
    """A cache whose server is away, which counts how often somebody waited for it."""

    waits: ClassVar[list[str]] = []

    def add(self, *args: Any, **kwargs: Any) -> bool:
        self.waits.append("add")
        raise ConnectionError("redis at 192.0.2.99 is away")

    def decr(self, *args: Any, **kwargs: Any) -> int:
        self.waits.append("decr")
        raise ConnectionError("redis at 192.0.2.99 is away")


class TellingCache(LocMemCache):
    """A cache that tells what it was asked."""

    calls: ClassVar[list[str]] = []

    def add(self, *args: Any, **kwargs: Any) -> bool:
        self.calls.append("add")
        return super().add(*args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> int:
        self.calls.append("incr")
        return super().incr(*args, **kwargs)


class FailingLaterCache(LocMemCache):
    """A cache whose server goes away between the two calls of an attempt."""

    def decr(self, *args: Any, **kwargs: Any) -> int:
        raise ConnectionError("redis at 192.0.2.99 is away")


class SilentCache(DummyCache):
    """A cache whose driver swallows errors and answers None, as some can be told to."""

    def add(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        return None

    def incr(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        return None


class Clock(SimpleNamespace):
    """A clock that only a test moves."""

    now = 1_750_000_020.0  # the first second of a minute

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """Stop the clock, and allow three failures a minute."""
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = LIMIT
    clock = Clock()
    monkeypatch.setattr(throttle, "time", clock)
    return clock


@pytest.fixture
def use_cache(settings: Settings) -> Callable[..., None]:
    """Return the function that gives the site another cache."""

    def use(backend: str, location: str = "", **options: Any) -> None:
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location, **options}}

    return use


def attempt(address: str = HERE, **meta: str) -> Attempt:
    return Attempt(RequestFactory().get("/", REMOTE_ADDR=address, **meta))


def fail(times: int, address: str = HERE) -> list[bool]:
    return [attempt(address).is_allowed for _ in range(times)]


def test_failures_are_counted_up_to_the_limit() -> None:
    assert fail(LIMIT + 2) == [True, True, True, False, False]


def test_an_attempt_that_did_not_fail_is_not_counted() -> None:
    for _ in range(2 * LIMIT):
        one = attempt()
        assert one.is_allowed
        one.take_back()


def test_a_success_takes_no_failure_back() -> None:
    fail(LIMIT - 1)
    attempt().take_back()
    assert fail(2) == [True, False]


def test_the_next_minute_begins_at_zero(clock: Clock) -> None:
    fail(LIMIT + 1)
    clock.now += 59
    assert not attempt().is_allowed
    clock.now += 1
    assert fail(LIMIT) == [True] * LIMIT


def test_a_success_that_lasted_into_the_next_minute_takes_nothing_back_there(clock: Clock) -> None:
    slow = attempt()
    clock.now += 60
    fail(LIMIT)
    slow.take_back()
    assert not attempt().is_allowed


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind", ["locmem.LocMemCache", "filebased.FileBasedCache", "db.DatabaseCache"]
)
def test_a_lock_out_ends_with_the_minute_in_every_cache(
    use_cache: Any, tmp_path: Path, clock: Clock, kind: str
) -> None:
    # The file and the database cache give a key that they count up a new time-out: here, none.
    location = "cache_table" if kind.startswith("db") else str(tmp_path)
    use_cache(f"django.core.cache.backends.{kind}", location, TIMEOUT=None)
    call_command("createcachetable", verbosity=0)
    assert fail(LIMIT + 1)[-1] is False
    clock.now += 60
    assert attempt().is_allowed


def test_a_burst_of_parallel_attempts_stays_within_the_limit() -> None:
    with ThreadPoolExecutor(16) as pool:
        allowed = list(pool.map(lambda _: attempt().is_allowed, range(64)))
    assert allowed.count(True) == LIMIT


def test_each_address_has_a_count_of_its_own() -> None:
    fail(LIMIT + 1)
    assert attempt("192.0.2.2").is_allowed


@pytest.mark.parametrize(
    ("other", "is_allowed"),
    [
        pytest.param("2001:db8:1:2:ffff:ffff:ffff:ffff", False, id="same /64"),
        pytest.param("2001:db8:1:3::1", True, id="another /64"),
        pytest.param("192.0.2.1", True, id="IPv4"),
    ],
)
def test_an_ipv6_address_counts_with_its_whole_network(other: str, is_allowed: bool) -> None:
    fail(LIMIT, "2001:db8:1:2::1")
    assert attempt(other).is_allowed is is_allowed


def test_an_ipv4_address_in_ipv6_clothes_is_the_same_one() -> None:
    fail(LIMIT)
    assert not attempt(f"::ffff:{HERE}").is_allowed


@pytest.mark.parametrize(
    ("proxies", "is_allowed"),
    [
        pytest.param(None, False, id="none named"),
        pytest.param([], False, id="none trusted"),
        pytest.param(["198.51.100.0/24"], False, id="another one trusted"),
        pytest.param([HERE], True, id="this one trusted"),
    ],
)
def test_only_a_trusted_proxy_says_who_the_client_is(
    settings: Settings, proxies: list[str] | None, is_allowed: bool
) -> None:
    settings.CORBADO_TRUSTED_PROXIES = proxies
    fail(LIMIT)
    assert attempt(HTTP_X_FORWARDED_FOR="203.0.113.9").is_allowed is is_allowed


def test_what_a_client_writes_before_a_trusted_proxy_does_not_count(settings: Settings) -> None:
    settings.CORBADO_TRUSTED_PROXIES = [HERE]
    forged = [f"198.51.100.{n}, 203.0.113.9" for n in range(LIMIT + 1)]
    allowed = [attempt(HTTP_X_FORWARDED_FOR=header).is_allowed for header in forged]
    assert allowed[-1] is False


@pytest.mark.parametrize("limit", [0, -1])
def test_without_a_limit_everything_is_allowed(settings: Settings, limit: int) -> None:
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = limit
    assert all(fail(100))


def test_a_dummy_cache_switches_the_limit_off(
    use_cache: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_cache("django.core.cache.backends.dummy.DummyCache")
    assert all(fail(2 * LIMIT))
    attempt().take_back()
    assert ours(caplog) == []


@pytest.mark.parametrize("failing", ["FailingCache", "SilentCache"])
def test_a_cache_that_fails_locks_nobody_out(
    use_cache: Any, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    use_cache(f"{__name__}.{failing}")
    assert attempt().is_allowed
    (record,) = ours(caplog)
    assert "the limit is off" in record.getMessage()
    assert "192.0.2" not in caplog.text


def test_a_cache_that_is_away_is_waited_for_once(use_cache: Any) -> None:
    use_cache(f"{__name__}.CountingCache")
    CountingCache.waits.clear()
    attempt().take_back()
    assert CountingCache.waits == ["add"]


def test_somebody_who_fails_once_costs_the_cache_one_call(use_cache: Any) -> None:
    """Two or three, with a cache like Redis, would be round trips at every first sign-in."""
    use_cache(f"{__name__}.TellingCache", "telling")
    TellingCache.calls.clear()
    fail(1)
    assert TellingCache.calls == ["add"]


def test_a_cache_that_fails_later_breaks_no_sign_in(
    use_cache: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_cache(f"{__name__}.FailingLaterCache", "failing-later")
    attempt().take_back()
    assert "ConnectionError" in caplog.text


def test_a_cache_that_forgets_breaks_no_sign_in(caplog: pytest.LogCaptureFixture) -> None:
    one = attempt()
    cache.clear()
    one.take_back()
    assert attempt().is_allowed
    assert ours(caplog) == []
