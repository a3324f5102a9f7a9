"""What dies while people sign in on two hosts, and what that is to them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scaling.scenarios import SCENARIOS, VISITORS, Outcome
from tests.scaling.servers import HOSTS, THREADS, WORKERS

by_name = {scenario.name: scenario for scenario in SCENARIOS}
every_scenario = pytest.mark.parametrize("outcome", SCENARIOS, indirect=True, ids=str)


def only(name: str) -> pytest.MarkDecorator:
    """Run a test in one scenario."""
    return pytest.mark.parametrize("outcome", [by_name[name]], indirect=True, ids=str)


@every_scenario
def test_everybody_is_signed_in_at_the_end(outcome: Outcome) -> None:
    assert len(outcome.visits) == VISITORS
    assert [visit for visit in outcome.visits if visit.signed_in_as is None] == []


@every_scenario
def test_there_is_no_half_made_account(outcome: Outcome) -> None:
    assert outcome.half_made == []


@every_scenario
def test_there_is_no_foreign_session(outcome: Outcome) -> None:
    assert [visit for visit in outcome.visits if visit.is_foreign] == []


@every_scenario
def test_no_error_page_is_without_a_way_on(outcome: Outcome) -> None:
    assert [trouble for trouble in outcome.troubles if not trouble.way_on] == []


@every_scenario
def test_what_went_wrong_is_what_may_go_wrong(outcome: Outcome) -> None:
    assert {trouble.what for trouble in outcome.troubles} <= set(outcome.scenario.may_happen)


@pytest.mark.parametrize(
    "outcome", [each for each in SCENARIOS if each.is_noticed], indirect=True, ids=str
)
def test_the_scenario_did_happen(outcome: Outcome) -> None:
    assert Counter(trouble.what for trouble in outcome.troubles)[outcome.scenario.may_happen[0]]


@only("Redis gone for three seconds, with `SessionCache`")
def test_with_the_cache_of_the_docs_no_visitor_notices_that_redis_is_gone(outcome: Outcome) -> None:
    assert outcome.troubles == []
    assert "The cache failed" in outcome.log


@only("nothing happens")
def test_a_sign_in_leaves_one_session_row(outcome: Outcome) -> None:
    tabs = sum(visit.person.two_tabs for visit in outcome.visits)
    came = outcome.after.rows_since(outcome.before)
    assert came["django_session"] == len(outcome.visits) + tabs


@only("nothing happens")
def test_a_host_takes_no_more_connections_than_it_has_threads(outcome: Outcome) -> None:
    assert outcome.after.connections <= HOSTS * WORKERS * THREADS
