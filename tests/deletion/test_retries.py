"""A deletion that Corbado did not answer is kept and tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.deletion import Retried, pending, retry_deletions
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado
from tests.support.deletion import MODEL_BACKEND, committed, deleted_at

pytestmark = pytest.mark.django_db


def test_a_failure_is_kept_and_retried(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], caplog: pytest.LogCaptureFixture
) -> None:
    account = link("erin")
    corbado.fail_next("/v1/users/*", status=503)
    with committed():
        account.user.delete()
    assert PendingDeletion.objects.get().failed_at is not None
    assert f"{account.corbado_user_id} is not deleted yet" in caplog.text
    assert "erin@example.com" not in caplog.text
    assert retry_deletions() == Retried(deleted=1, kept=0)
    assert not PendingDeletion.objects.exists()


def test_while_corbado_is_down_only_the_first_deletion_waits_for_it(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    users = [link(name).user for name in ("erin", "finn", "gwen")]
    corbado.fail_next("/v1/users/*", status=503)
    for user in users:
        with committed():
            user.delete()
    assert len(deleted_at(corbado)) == 1
    assert PendingDeletion.objects.count() == 3
    assert retry_deletions() == Retried(deleted=3, kept=0)


@pytest.mark.parametrize("status", [401, 429])
def test_a_retry_ends_when_corbado_refuses_us(
    corbado: Corbado, left_over: list[str], status: int
) -> None:
    corbado.fail_next("/v1/users/*", status=status)
    assert retry_deletions() == Retried(deleted=0, kept=3)
    assert len(deleted_at(corbado)) == 1


@pytest.mark.parametrize("status", [500, 503, 404])
def test_one_that_fails_keeps_nobody_waiting(
    corbado: Corbado, left_over: list[str], status: int
) -> None:
    corbado.fail_next(f"/v1/users/{left_over[0]}", status=status, times=0)
    assert retry_deletions() == Retried(deleted=2, kept=1)
    assert deleted_at(corbado) == left_over


def test_a_retry_gives_up_after_several_failures_in_a_row(
    corbado: Corbado, left_over: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "FAILURES", 2)
    corbado.fail_next("/v1/users/*", method="DELETE", status=503, times=0)
    assert retry_deletions() == Retried(deleted=0, kept=3)
    assert deleted_at(corbado) == left_over[:2]
    # Users about whom Corbado has not been asked yet come first the next time.
    assert retry_deletions() == Retried(deleted=0, kept=3)
    assert deleted_at(corbado)[2] == left_over[2]


def test_a_user_whom_corbado_no_longer_knows_is_done(
    corbado: Corbado, left_over: list[str]
) -> None:
    CorbadoService().delete_user(left_over[1])
    assert retry_deletions() == Retried(deleted=3, kept=0)


def test_who_has_come_back_meanwhile_is_not_deleted(corbado: Corbado, left_over: list[str]) -> None:
    client = Client()
    corbado.sign_in(client, left_over[0])
    assert retry_deletions() == Retried(deleted=2, kept=0)
    assert left_over[0] not in deleted_at(corbado)


def test_another_project_is_left_alone(corbado: Corbado, left_over: list[str]) -> None:
    PendingDeletion.objects.update(project_id="pro-999")
    assert retry_deletions() == Retried(deleted=0, kept=0)
    assert PendingDeletion.objects.count() == 3


def test_an_account_of_another_project_waits_for_that_project(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    account = link("erin")
    CorbadoAccount.objects.update(project_id="pro-999")
    with committed():
        account.user.delete()
    assert deleted_at(corbado) == []
    assert PendingDeletion.objects.get().project_id == "pro-999"


def test_once_turned_off_again_no_user_is_deleted(corbado: Corbado, left_over: list[str]) -> None:
    backends = [MODEL_BACKEND, "tests.support.backends.AnsweredBackend"]
    with override_settings(AUTHENTICATION_BACKENDS=backends):
        assert retry_deletions() == Retried(deleted=0, kept=3)
    assert deleted_at(corbado) == []


def test_a_retry_takes_its_turn_before_each_request(left_over: list[str]) -> None:
    turns: list[None] = []
    retry_deletions(take_turn=lambda: turns.append(None))
    assert len(turns) == 3


def test_many_are_retried_page_by_page(
    corbado: Corbado, left_over: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "PAGE", 2)
    assert retry_deletions() == Retried(deleted=3, kept=0)
    assert sorted(deleted_at(corbado)) == sorted(left_over)


def test_an_old_failure_does_not_keep_a_new_deletion_waiting(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], left_over: list[str]
) -> None:
    PendingDeletion.objects.update(failed_at=timezone.now() - 2 * pending.PAUSE)
    account = link("hugo")
    with committed():
        account.user.delete()
    assert deleted_at(corbado) == [account.corbado_user_id]
