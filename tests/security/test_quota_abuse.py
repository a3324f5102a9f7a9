"""Abuse of our quota.

The attack: anyone can make up 64 characters. Each made-up token costs the site one call to
Corbado, and Corbado limits the calls of a project: a script that sends junk tokens could use up the
quota, and then nobody can sign in. So an address that fails too often is no longer asked about. The
attacker's next moves are a forged X-Forwarded-For, the many addresses of an IPv6 network, a new
visit to the login page for each token, and a good token of their own in between, to start over. And
the limit itself must not become an attack: anyone who shares an address with the attacker, or
comes through the same proxy, can still sign in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import responses
from django.test import Client
from pytest_django import Settings

from corbado_auth import throttle
from tests.support.front_door import come_back, open_login_page
from tests.support.vouching import VALIDATE, come_as, signed_in_as
from tests.wire import sample

pytestmark = [pytest.mark.security, pytest.mark.django_db]

LIMIT = 3


@pytest.fixture(autouse=True)
def _limit(settings: Settings, same_minute: None) -> None:
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = LIMIT
    settings.CORBADO_FAILED_ATTEMPTS_BUDGET = 1


@pytest.fixture
def corbado() -> Iterator[responses.RequestsMock]:
    """Corbado, who knows none of the tokens."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as corbado:
        unknown = sample("validate_unknown_token")
        corbado.post(VALIDATE, json=unknown.answer, status=unknown.status)
        yield corbado


def junk(address: str = "192.0.2.1", *, opens_page: bool = False, **headers: str) -> Any:
    """Come with a made-up token from an address."""
    client = Client(REMOTE_ADDR=address)
    if opens_page:
        open_login_page(client)
    return come_back(client, "junk" * 16, **headers)


def test_corbado_is_asked_no_more_after_too_many_failures(corbado: Any) -> None:
    assert [junk().status_code for _ in range(LIMIT + 3)] == [400] * LIMIT + [429] * 3
    assert len(corbado.calls) == LIMIT


def test_the_answer_says_when_to_come_again(corbado: Any) -> None:
    response = [junk() for _ in range(LIMIT + 1)][-1]
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert "no-store" in response.headers["Cache-Control"]
    assert response.templates[0].name == "corbado_auth/too_many_attempts.html"


def test_a_visitor_who_had_to_wait_signs_in_once_the_minute_is_over(
    corbado: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is unused, and this browser's proof is kept: someone else in the office failed."""
    settings.SESSION_COOKIE_SECURE = True
    for network in range(8):  # The whole budget of this minute.
        for address in range(8):
            junk(f"203.0.{network}.{address}", opens_page=True)
    ada = Client(headers={"host": "example.com"}, **{"wsgi.url_scheme": "https"})
    open_login_page(ada, "/orders/")
    referer = "https://example.com/corbado/login/"
    waits = come_back(ada, token := "ada0" * 16, referer=referer)
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "60")
    assert waits.headers["Refresh"] == "60"
    assert "try again by itself in 60 seconds" in waits.content.decode()
    stopped = ada.post(f"/corbado/redirect/?corbadoAuthToken={token}", {"stop": waits_for(waits)})
    assert (stopped.status_code, "Refresh" in stopped.headers) == (429, False)
    assert "too many failed sign-ins in the last minute" in stopped.content.decode()
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: 1_750_000_080.0))
    corbado.replace("POST", VALIDATE, json=sample("validate_good").answer)
    assert come_back(ada, token, referer=None).url == "/orders/"


def waits_for(page: Any) -> str:
    """Return the value of the button that stops a page from trying again."""
    return str(re.search(r'name="stop" value="(\w+)"', page.content.decode())[1])


def test_the_log_says_which_limit_it_was(corbado: Any, caplog: pytest.LogCaptureFixture) -> None:
    for address in range(1, 6):  # A fifth of the budget is twelve.
        for _ in range(LIMIT + 1):
            junk(f"192.0.2.{address}")
    for network in range(1, 20):
        junk(f"203.0.{network}.1")
    reasons = [getattr(each, "reason", "") for each in caplog.records]
    assert [each for each in reasons if each.startswith("too_many")] == (
        ["too_many_from_address"] * 4 + ["too_many_from_network"] * 4 + ["too_many_in_all"]
    )


def test_others_are_not_locked_out(corbado: Any) -> None:
    for _ in range(LIMIT + 1):
        junk()
    assert junk("192.0.2.2").status_code == 400


def test_a_forged_x_forwarded_for_does_not_dodge_the_limit(corbado: Any) -> None:
    statuses = [junk(x_forwarded_for=f"203.0.113.{n}").status_code for n in range(LIMIT + 1)]
    assert statuses[-1] == 429
    assert len(corbado.calls) == LIMIT


@pytest.mark.parametrize("header", ["x_real_ip", "forwarded", "x_client_ip", "true_client_ip"])
def test_no_other_header_dodges_the_limit(corbado: Any, header: str) -> None:
    statuses = [junk(**{header: f"203.0.113.{n}"}).status_code for n in range(LIMIT + 1)]
    assert statuses[-1] == 429


def test_the_addresses_of_one_ipv6_network_count_as_one(corbado: Any) -> None:
    statuses = [junk(f"2001:db8:1:2::{n:x}").status_code for n in range(LIMIT + 1)]
    assert statuses[-1] == 429


def test_the_networks_of_one_48_count_as_one(corbado: Any) -> None:
    statuses = [junk(f"2001:db8:1:{n:x}::1").status_code for n in range(20)]
    assert statuses == [400] * 12 + [429] * 8
    assert len(corbado.calls) == 12


def test_a_new_visit_for_each_token_gets_no_more_than_half_of_the_budget(corbado: Any) -> None:
    statuses = [junk(opens_page=True).status_code for _ in range(40)]
    assert statuses == [400] * 30 + [429] * 10
    assert junk("203.0.113.1", opens_page=True).status_code == 400


def test_a_neighbour_of_an_attacker_gets_in_while_a_fifth_of_the_budget_is_left(
    corbado: Any,
) -> None:
    statuses = [junk(opens_page=True).status_code for _ in range(40)]
    assert statuses.count(400) == 30
    neighbour = Client(REMOTE_ADDR="192.0.2.77")
    come_as(neighbour, "ada@example.com")
    assert signed_in_as(neighbour)


def test_a_network_never_gets_the_last_fifth_of_the_budget(corbado: Any) -> None:
    statuses = [junk(f"192.0.2.{n}", opens_page=True).status_code for n in range(1, 60)]
    assert statuses == [400] * 48 + [429] * 11
    stranger = Client(REMOTE_ADDR="203.0.113.1")
    come_as(stranger, "ada@example.com")
    assert signed_in_as(stranger)


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"x_forwarded_for": "203.0.113.9"}], ids=["bare", "proxy"])
def test_an_honest_visitor_is_not_refused_for_an_attacker_nearby(
    corbado: Any, headers: dict[str, str]
) -> None:
    statuses = [junk("127.0.0.1", **headers).status_code for _ in range(LIMIT + 10)]
    assert statuses.count(429) == 10
    client = Client(headers={name.replace("_", "-"): text for name, text in headers.items()})
    come_as(client, "ada@example.com")
    assert signed_in_as(client)


@pytest.mark.django_db
def test_a_good_token_does_not_start_the_count_anew(corbado: Any) -> None:
    for _ in range(LIMIT - 1):
        junk("127.0.0.1")
    client = Client()
    come_as(client, "ada@example.com")
    assert signed_in_as(client)
    assert [junk("127.0.0.1").status_code for _ in range(2)] == [400, 429]


@pytest.mark.django_db
def test_good_tokens_are_not_limited() -> None:
    answers = [come_as(Client(), "ada@example.com") for _ in range(2 * LIMIT)]
    assert {answer.status_code for answer in answers} == {303}


def test_what_corbado_cannot_answer_is_not_the_visitors_failure(corbado: Any) -> None:
    corbado.reset()
    corbado.post(VALIDATE, status=503)
    assert {junk().status_code for _ in range(LIMIT + 1)} == {503}


def test_a_header_that_corbado_rejects_does_not_dodge_the_limit(corbado: Any) -> None:
    rejected = sample("validate_blank_client_info")
    corbado.reset()
    corbado.post(VALIDATE, json=rejected.answer, status=rejected.status)
    statuses = [junk(user_agent="x" * 400).status_code for _ in range(LIMIT + 1)]
    assert statuses == [500] * LIMIT + [429]
    assert len(corbado.calls) == LIMIT


def test_a_malformed_token_costs_no_call_at_all(corbado: Any) -> None:
    client = Client()
    open_login_page(client)
    assert come_back(client, "short").status_code == 400
    assert len(corbado.calls) == 0


def test_a_dummy_cache_switches_the_limit_off(corbado: Any, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert {junk().status_code for _ in range(2 * LIMIT)} == {400}
