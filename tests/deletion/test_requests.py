"""Deletions hold up a request for two seconds at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from corbado_auth.corbado_api.guard import FAILURES, guard
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.deletion import noting, pending
from corbado_auth.deletion.noting import _AfterCommit
from corbado_auth.exceptions import CorbadoUnavailable
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado
from tests.support.deletion import MODEL_BACKEND, committed, deleted_at

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


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


@pytest.mark.django_db(transaction=True)
def test_the_seconds_are_those_of_the_request_and_not_of_each_commit(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [link(name).user for name in ("erin", "finn", "gwen")]
    given: list[float] = []
    monkeypatch.setattr(noting, "delete_some", lambda seconds: given.append(seconds) or 0)
    noting.begin_request()
    noting._budget.left = 0.5
    for user in users:
        user.delete()
    noting.end_request()
    link("hugo").user.delete()
    assert given[0] == 0.5
    assert given[0] > given[1] > given[2]
    assert given[3] == noting.SECONDS


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
    corbado: Corbado, left_over: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    class Noting(CorbadoService):
        def __init__(self, **options: Any) -> None:
            given.append(options["timeout"])
            super().__init__(**options)

    monkeypatch.setattr(pending, "CorbadoService", Noting)
    pending.delete_some(1.0)
    assert all(0 < timeout <= 0.5 for timeout in given)
    assert len(given) == 3
    assert pending.delete_some(0) == 0


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
def test_a_savepoint_that_is_rolled_back_takes_nobody_elses_turn_away(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    erin, finn = link("erin"), link("finn")
    with transaction.atomic():
        with transaction.atomic():
            erin.user.delete()
            transaction.set_rollback(True)
        finn.user.delete()
    assert deleted_at(corbado) == [finn.corbado_user_id]


def test_whom_corbado_is_not_asked_about_has_not_failed(
    corbado: Corbado, left_over: list[str]
) -> None:
    for _time in range(FAILURES):
        with pytest.raises(CorbadoUnavailable), guard.admit(9):
            raise CorbadoUnavailable("no answer")
    assert pending.delete_some(2) == 3
    assert not PendingDeletion.objects.exclude(failed_at=None).exists()
    guard.reset()
    assert pending.delete_some(2) == 0


def test_who_has_failed_waits_for_the_command(corbado: Corbado, left_over: list[str]) -> None:
    row = PendingDeletion.objects.filter(corbado_user_id=left_over[0])
    row.update(failed_at=timezone.now() - 2 * pending.PAUSE)
    assert pending.delete_some(2) == 1
    assert left_over[0] not in deleted_at(corbado)
