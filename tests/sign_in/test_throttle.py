"""The limit on failed attempts: what counts, for whom, and for how long."""

from __future__ import annotations

from collections.abc import Callable
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
BUDGET = 60


class FailingCache(DummyCache):
    """A cache whose server is away."""

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        raise ConnectionError("redis at 192.0.2.99 is away")


class TellingCache(LocMemCache):
    """A cache that tells what it was asked."""

    calls: ClassVar[list[str]] = []

    def get_many(self, keys: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self.calls.append("get_many")
        return {key: value for key in keys if (value := super(TellingCache, self).get(key))}

    def add(self, *args: Any, **kwargs: Any) -> bool:
        self.calls.append("add")
        return super().add(*args, **kwargs)


class FailingLaterCache(LocMemCache):
    """A cache whose server goes away between the two calls of an attempt."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        raise ConnectionError("redis at 192.0.2.99 is away")


class SilentCache(DummyCache):
    """A cache whose driver swallows errors and answers None, as some can be told to."""

    def get_many(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        return None


class Clock(SimpleNamespace):
    """A clock that only a test moves."""

    now = 1_750_000_020.0  # the first second of a minute

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """Stop the clock, and allow three failures a minute and address, sixty for all."""
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = LIMIT
    settings.CORBADO_FAILED_ATTEMPTS_BUDGET = 1
    clock = Clock()
    monkeypatch.setattr(throttle, "time", clock)
    return clock


@pytest.fixture
def use_cache(settings: Settings) -> Callable[..., None]:
    """Return the function that gives the site another cache."""

    def use(backend: str, location: str = "", **options: Any) -> None:
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location, **options}}

    return use


def attempt(address: str = HERE, visitor: str = "", **meta: str) -> Attempt:
    return Attempt(RequestFactory().get("/", REMOTE_ADDR=address, **meta), visitor)


def fail(times: int, address: str = HERE, **more: str) -> list[bool]:
    """Fail this many times, as long as that is allowed."""
    attempts = []
    for _ in range(times):
        one = attempt(address, **more)
        if one.is_allowed:
            one.note_failure()
        attempts.append(one.is_allowed)
    return attempts


def fail_as_visitors(times: int, network: str = "192.0.2") -> int:
    """Fail with a new visitor and another address of a /24 each time; return how often it went."""
    return sum(
        fail(1, f"{network}.{number % 250}", visitor=f"{network}-{number}")[0]
        for number in range(times)
    )


def test_failures_are_counted_up_to_the_limit() -> None:
    assert fail(LIMIT + 2) == [True, True, True, False, False]


def test_an_attempt_that_did_not_fail_is_not_counted() -> None:
    """However many there are at once: a whole office signs in at nine."""
    under_way = [attempt() for _ in range(500)]
    assert all(one.is_allowed for one in under_way)


def test_a_success_takes_no_failure_back() -> None:
    fail(LIMIT - 1)
    assert attempt().is_allowed
    assert fail(2) == [True, False]


def test_who_failed_nothing_is_not_refused_for_others() -> None:
    fail(LIMIT + 1)
    assert not attempt().is_allowed
    assert attempt(visitor="anna").is_allowed


def test_a_failure_counts_for_all_who_share_the_address() -> None:
    fail(LIMIT + 1)
    assert fail(2, visitor="anna") == [True, False]


def test_one_network_never_gets_the_last_fifth_of_the_budget() -> None:
    assert fail_as_visitors(200) == BUDGET * 4 / 5
    assert not attempt("192.0.2.251", visitor="neighbour").is_allowed
    assert attempt("198.51.100.1", visitor="elsewhere").is_allowed


def test_the_addresses_of_a_48_are_one_network() -> None:
    addresses = [f"2001:db8:1:{number:x}::1" for number in range(1, 200)]
    assert sum(fail(1, address)[0] for address in addresses) == BUDGET / 5
    assert not attempt("2001:db8:1:ffff::1").is_allowed
    assert attempt("2001:db8:2:1::1").is_allowed


def test_the_second_half_of_the_budget_is_for_those_who_opened_a_login_page() -> None:
    asked = sum(fail(1, f"198.51.{number}.1")[0] for number in range(100))
    assert asked == BUDGET / 2
    assert not attempt("203.0.113.1").is_allowed
    assert attempt("203.0.113.1", visitor="anna").is_allowed


def test_when_the_budget_is_spent_corbado_is_asked_nothing_until_the_next_minute(
    clock: Clock,
) -> None:
    asked = sum(fail_as_visitors(100, f"198.51.{network}") for network in range(5))
    assert asked == BUDGET
    assert not attempt("203.0.113.1", visitor="anna").is_allowed
    clock.now += 60
    assert attempt("203.0.113.1", visitor="anna").is_allowed


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED"])
def test_behind_an_unnamed_proxy_the_whole_budget_is_one_networks(
    settings: Settings, header: str
) -> None:
    """All of the Internet comes from there: nobody is refused for a neighbour's failures."""
    settings.CORBADO_TRUSTED_PROXIES = None
    allowed = [fail(1, visitor=f"v{number}", **{header: "for=1"})[0] for number in range(100)]
    assert allowed == [True] * BUDGET + [False] * (100 - BUDGET)


def test_without_a_budget_each_address_has_its_limit(settings: Settings) -> None:
    settings.CORBADO_FAILED_ATTEMPTS_BUDGET = 0
    assert fail_as_visitors(200) == 200
    assert fail(LIMIT + 1, "203.0.113.1")[-1] is False


def test_the_next_minute_begins_at_zero(clock: Clock) -> None:
    fail(LIMIT + 1)
    clock.now += 59
    assert not attempt().is_allowed
    clock.now += 1
    assert fail(LIMIT) == [True] * LIMIT


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
    allowed = [fail(1, HTTP_X_FORWARDED_FOR=header)[0] for header in forged]
    assert allowed[-1] is False


@pytest.mark.parametrize("limit", [0, -1])
def test_without_a_limit_everything_is_allowed(settings: Settings, limit: int) -> None:
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = limit
    settings.CORBADO_FAILED_ATTEMPTS_BUDGET = limit
    assert all(fail(100))


def test_a_dummy_cache_switches_the_limit_off(
    use_cache: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_cache("django.core.cache.backends.dummy.DummyCache")
    assert all(fail(2 * LIMIT))
    assert ours(caplog) == []


@pytest.mark.parametrize("failing", ["FailingCache", "SilentCache"])
def test_a_failing_cache_locks_no_one_out(
    use_cache: Any, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    use_cache(f"{__name__}.{failing}")
    assert attempt().is_allowed
    (record,) = ours(caplog)
    assert "a limit is off" in record.getMessage()
    assert "192.0.2" not in caplog.text


def test_a_good_sign_in_costs_the_cache_one_call(use_cache: Any) -> None:
    """With a cache like Redis each is a round trip."""
    use_cache(f"{__name__}.TellingCache", "telling")
    TellingCache.calls.clear()
    assert attempt(visitor="anna").is_allowed
    assert TellingCache.calls == ["get_many"]


def test_a_cache_that_fails_later_breaks_no_answer(
    use_cache: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_cache(f"{__name__}.FailingLaterCache", "failing-later")
    attempt().note_failure()
    assert "ConnectionError" in caplog.text


def test_a_cache_that_forgets_breaks_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    one = attempt()
    cache.clear()
    one.note_failure()
    assert attempt().is_allowed
    assert ours(caplog) == []
