"""Deletions hold up a request for two seconds at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from corbado_auth.corbado_api import transport
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.corbado_api.deadline import finish_by
from corbado_auth.corbado_api.guard import FAILURES, guard
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.deletion import noting, pending, tasks
from corbado_auth.deletion.noting import _AfterCommit
from corbado_auth.exceptions import CorbadoUnavailable
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado
from tests.support.deletion import MODEL_BACKEND, committed, deleted_at

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db

SECONDS = noting.SECONDS  # Before the tests change it.


@pytest.fixture
def boss(make_user: MakeUser, client: Client) -> Client:
    """Return the browser of someone who may delete users in the admin."""
    user = make_user("boss@example.com", is_staff=True, is_superuser=True)
    client.force_login(user, backend=MODEL_BACKEND)
    return client


def delete_in_the_admin(client: Client, accounts: list[CorbadoAccount]) -> Any:
    form = {
        "action": "delete_selected",
        "_selected_action": [account.user_id for account in accounts],
        "post": "yes",
    }
    return client.post(reverse("admin:auth_user_changelist"), form)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("two_seconds")
def test_a_request_is_held_up_for_a_short_time_and_the_rest_waits(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    boss: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    accounts = [link(f"person{number}") for number in range(12)]
    corbado.fail_next("/v1/users/*", method="DELETE", delay=0.6, times=0)
    assert delete_in_the_admin(boss, accounts).status_code == 302
    asked = len(deleted_at(corbado))
    assert 1 <= asked <= 4
    left = PendingDeletion.objects.count()
    assert left >= 12 - asked
    assert f"{left} Corbado users are still to be deleted: run manage.py" in caplog.text


@pytest.fixture
def two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give requests the time that they have in production."""
    monkeypatch.setattr(noting, "SECONDS", SECONDS)


class Clock:
    """The module ``time``, where waiting takes no time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (noting, pending, transport):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def in_a_request(two_seconds: None) -> Iterator[None]:
    noting.begin_request()
    yield
    noting.end_request()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("in_a_request")
def test_the_seconds_are_those_of_the_request_and_not_of_each_commit(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[float] = []

    def ask(ends_at: float) -> int:
        given.append(ends_at - clock.now)
        clock.now += 0.75
        return 0

    monkeypatch.setattr(noting, "delete_until", ask)
    for name in ("erin", "finn", "gwen"):
        link(name).user.delete()
    noting.end_request()
    link("hugo").user.delete()
    assert given == [2.0, 1.25, 0.5, 2.0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("in_a_request")
def test_tasks_that_do_not_answer_spend_the_same_seconds_and_are_asked_once(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked_at: list[float] = []

    def hang(seconds: float) -> bool:
        asked_at.append(clock.now)
        clock.now += 4.0
        return False

    monkeypatch.setattr(tasks, "enqueue", hang)
    for name in ("erin", "finn", "gwen"):
        link(name).user.delete()
    assert asked_at == [1000.0]
    assert deleted_at(corbado) == []
    assert "3 Corbado users are still to be deleted: run manage.py" in caplog.text


def test_each_request_has_its_own_seconds(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], boss: Client
) -> None:
    noting._budget.left = -1
    account = link("erin")
    with committed():  # After the request, in a test.
        delete_in_the_admin(boss, [account])
        assert noting._budget.left == float("inf")
    assert deleted_at(corbado) == [account.corbado_user_id]


def test_corbado_is_given_no_more_than_what_is_left_of_the_seconds(
    corbado: Corbado, left_over: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    send = transport._send

    def noting_send(*call: Any) -> Any:
        waits.append(transport._ends_at.get() - clock.now)
        reply = send(*call)
        clock.now += 0.75
        return reply

    monkeypatch.setattr(transport, "_send", noting_send)
    assert pending.delete_until(clock.now + 2.0) == 0
    assert waits == [2.0, 1.25, 0.5]
    assert len(deleted_at(corbado)) == 3


def test_two_calls_for_one_person_share_the_seconds(
    corbado: Corbado, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Corbado is asked for the ID first, of people who have only added a passkey with Connect."""
    project = settings.CORBADO_CONNECT_PROJECT_ID
    PendingDeletion.objects.create(project_id=project, handle="handle-1", is_at_connect=True)

    def find_slowly(service: ConnectService, handle: str) -> str:
        clock.now += 2.5
        return "usr-1"

    monkeypatch.setattr(ConnectService, "find_user", find_slowly)
    assert pending.delete_until(clock.now + 2.0) == 1
    assert deleted_at(corbado) == []


def test_a_call_that_was_given_little_time_does_not_turn_corbado_off_for_others(
    corbado: Corbado, left_over: list[str]
) -> None:
    corbado.fail_next("/v1/users/*", method="DELETE", delay=0.4, times=0)
    for _time in range(FAILURES):
        with pytest.raises(CorbadoUnavailable), finish_by(time.monotonic() + 0.05):
            CorbadoService().delete_user(left_over[0])
    assert CorbadoService().get_user(left_over[1]).id == left_over[1]


def test_one_transaction_looks_after_its_deletions_once(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    users = [link(name).user for name in ("erin", "finn", "gwen")]
    with TestCase.captureOnCommitCallbacks(execute=True) as callbacks:
        for user in users:
            user.delete()
    assert sum(isinstance(each, _AfterCommit) for each in callbacks) == 1
    assert len(deleted_at(corbado)) == 3


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_that_is_rolled_back_takes_no_other_deletions_turn(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    erin, finn = link("erin"), link("finn")
    with transaction.atomic():
        with transaction.atomic():
            erin.user.delete()
            transaction.set_rollback(True)
        finn.user.delete()
    assert deleted_at(corbado) == [finn.corbado_user_id]


def test_a_deletion_that_was_not_asked_for_has_not_failed(
    corbado: Corbado, left_over: list[str]
) -> None:
    for _time in range(FAILURES):
        with pytest.raises(CorbadoUnavailable), guard.admit(9):
            raise CorbadoUnavailable("no answer")
    assert pending.delete_until(time.monotonic() + 60) == 3
    assert not PendingDeletion.objects.exclude(failed_at=None).exists()
    guard.reset()
    assert pending.delete_until(time.monotonic() + 60) == 0


def test_who_has_failed_waits_for_the_command(corbado: Corbado, left_over: list[str]) -> None:
    row = PendingDeletion.objects.filter(corbado_user_id=left_over[0])
    row.update(failed_at=timezone.now() - 2 * pending.PAUSE)
    assert pending.delete_until(time.monotonic() + 60) == 1
    assert left_over[0] not in deleted_at(corbado)
