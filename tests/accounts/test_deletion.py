"""A deleted local user is deleted at Corbado, too: where the site turns that on, and for sure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import celery
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.deletion import Collector
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from corbado_auth.backends import CorbadoBackend
from corbado_auth.corbado_api.guard import FAILURES, guard
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.deletion import Retried, noting, pending, retry_deletions, tasks
from corbado_auth.deletion.noting import _AfterCommit
from corbado_auth.doctor import State, examine
from corbado_auth.exceptions import CorbadoUnavailable
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado

MakeUser = Callable[..., Any]
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"

pytestmark = pytest.mark.django_db


class ThoroughBackend(CorbadoBackend):
    """A site that deletes people everywhere."""

    delete_at_corbado = True


TURNED_ON = [MODEL_BACKEND, f"{__name__}.ThoroughBackend"]


@pytest.fixture(autouse=True)
def _turned_on() -> Iterator[None]:
    with override_settings(AUTHENTICATION_BACKENDS=TURNED_ON):
        yield


@pytest.fixture
def link(corbado: Corbado, make_user: MakeUser) -> Callable[[str], CorbadoAccount]:
    """Return the function that makes a person, here and at Corbado."""

    def make(name: str) -> CorbadoAccount:
        address = f"{name}@example.com"
        return CorbadoAccount.objects.create(
            user=make_user(address),
            project_id=settings.CORBADO_PROJECT_ID,
            corbado_user_id=corbado.add_user(address).id,
        )

    return make


@contextmanager
def committed() -> Iterator[None]:
    """Run what waits for the commit, as the end of a transaction does."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        yield


def deleted_at(corbado: Corbado) -> list[str]:
    """Return the IDs of the Corbado users whose deletion was asked for."""
    return [
        request.path.rpartition("/")[2]
        for request in corbado.requests
        if request.method == "DELETE"
    ]


def local_users() -> Any:
    return get_user_model()._default_manager


DELETIONS: dict[str, Callable[[Any], object]] = {
    "one user": lambda user: user.delete(),
    "a queryset of users": lambda user: local_users().filter(pk=user.pk).delete(),
}


@pytest.mark.matrix
@pytest.mark.parametrize("delete", DELETIONS.values(), ids=DELETIONS)
def test_a_deleted_user_is_deleted_at_corbado(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], delete: Callable[[Any], object]
) -> None:
    account = link("erin")
    with committed():
        delete(account.user)
    assert deleted_at(corbado) == [account.corbado_user_id]
    assert not PendingDeletion.objects.exists()


def test_deleting_in_the_admin_deletes_at_corbado(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], make_user: MakeUser, client: Client
) -> None:
    account = link("erin")
    boss = make_user("boss@example.com", is_staff=True, is_superuser=True)
    client.force_login(boss, backend=MODEL_BACKEND)
    with committed():
        client.post(reverse("admin:auth_user_delete", args=[account.user_id]), {"post": "yes"})
    assert deleted_at(corbado) == [account.corbado_user_id]


UNLINKINGS: dict[str, Callable[[CorbadoAccount], object]] = {
    "one account": lambda account: account.delete(),
    "a queryset": lambda account: CorbadoAccount.objects.filter(pk=account.pk).delete(),
    "of the user": lambda account: account.user.corbado_accounts.all().delete(),
}


@pytest.mark.matrix
@pytest.mark.parametrize("unlink", UNLINKINGS.values(), ids=UNLINKINGS)
def test_unlinking_deletes_nobody_at_corbado(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    unlink: Callable[[CorbadoAccount], object],
) -> None:
    account = link("erin")
    with committed():
        unlink(account)
    assert deleted_at(corbado) == []
    assert not PendingDeletion.objects.exists()


def test_unlinking_in_the_admin_deletes_nobody_at_corbado(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], make_user: MakeUser, client: Client
) -> None:
    account = link("erin")
    boss = make_user("boss@example.com", is_staff=True, is_superuser=True)
    client.force_login(boss, backend=MODEL_BACKEND)
    form = {"action": "delete_selected", "_selected_action": account.pk, "post": "yes"}
    with committed():
        client.post(reverse("admin:corbado_auth_corbadoaccount_changelist"), form)
    assert not CorbadoAccount.objects.exists()
    assert deleted_at(corbado) == []


def test_a_deletion_past_djangos_methods_deletes_nobody_at_corbado(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    collector = Collector(using="default")
    collector.collect([link("erin").user])
    with committed():
        collector.delete()
    assert deleted_at(corbado) == []


def test_it_is_off_unless_the_site_turns_it_on(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    backends = [MODEL_BACKEND, "tests.support.backends.AnsweredBackend"]
    with override_settings(AUTHENTICATION_BACKENDS=backends), committed():
        link("erin").user.delete()
    assert deleted_at(corbado) == []
    assert not PendingDeletion.objects.exists()


def test_corbado_is_not_asked_before_the_commit(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    user = link("erin").user
    with TestCase.captureOnCommitCallbacks() as callbacks:
        user.delete()
    assert sum(isinstance(each, _AfterCommit) for each in callbacks) == 1
    assert deleted_at(corbado) == []
    assert PendingDeletion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_is_rolled_back_never_happened(
    corbado: Corbado, link: Callable[[str], CorbadoAccount]
) -> None:
    user = link("erin").user
    with transaction.atomic():
        user.delete()
        transaction.set_rollback(True)
    assert deleted_at(corbado) == []
    assert not PendingDeletion.objects.exists()
    assert local_users().filter(email="erin@example.com").exists()


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


@pytest.fixture
def left_over(link: Callable[[str], CorbadoAccount]) -> list[str]:
    """Return the IDs of three people who are deleted here and not yet at Corbado."""
    accounts = [link(name) for name in ("erin", "finn", "gwen")]
    for account in accounts:
        account.user.delete()
    # The process died between the commit and what comes after it.
    connection.run_on_commit.clear()
    return [account.corbado_user_id for account in accounts]


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_retry_ends_when_corbado_does_not_answer_or_refuses_us(
    corbado: Corbado, left_over: list[str], status: int
) -> None:
    corbado.fail_next("/v1/users/*", status=status)
    assert retry_deletions() == Retried(deleted=0, kept=3)
    assert len(deleted_at(corbado)) == 1


def test_whom_corbado_does_not_know_any_more_is_done(
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


def test_turned_off_again_nobody_is_deleted(corbado: Corbado, left_over: list[str]) -> None:
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


# One request ----------------------------------------------------------------------------------


@pytest.fixture
def boss(make_user: MakeUser, client: Client) -> Client:
    """Return the browser of somebody who may delete users in the admin."""
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


# The command ----------------------------------------------------------------------------------


def delete_pending(*arguments: str) -> str:
    out = StringIO()
    call_command("corbado_delete_pending", "--rate=1000", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_asks_for_all_of_them(corbado: Corbado, left_over: list[str]) -> None:
    assert delete_pending("--dry-run") == "3 to be deleted at Corbado. Nothing was asked.\n"
    assert delete_pending() == "3 deleted at Corbado.\n"
    assert sorted(deleted_at(corbado)) == sorted(left_over)
    assert delete_pending() == "0 deleted at Corbado.\n"


def test_the_command_fails_while_somebody_is_left(corbado: Corbado, left_over: list[str]) -> None:
    corbado.fail_next("/v1/users/*", method="DELETE", status=503, times=0)
    with pytest.raises(CommandError, match="3 still to be deleted at Corbado"):
        delete_pending()


def test_the_doctor_says_that_somebody_is_left(corbado: Corbado, left_over: list[str]) -> None:
    found = {finding.subject: finding for finding in examine()}
    assert found["Deletions"].state == State.WARNING
    assert "3 users have been deleted here but not yet at Corbado" in found["Deletions"].fact
    delete_pending()
    assert "Deletions" not in {finding.subject for finding in examine()}


@pytest.mark.parametrize("rate", ["0", "-1", "many", "nan"])
def test_the_command_refuses_a_rate_that_is_none(rate: str) -> None:
    with pytest.raises(CommandError, match="is not a number of requests per second above 0"):
        call_command("corbado_delete_pending", f"--rate={rate}")


# A task ---------------------------------------------------------------------------------------


@pytest.fixture
def celery_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a site's Celery, whose broker is this process."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # Celery adds the working directory.
    app = celery.Celery("site", broker="memory://", set_as_current=True)
    app.autodiscover_tasks(["corbado_auth"], force=True)
    app.set_default()
    yield app
    app.close()
    celery._state._set_current_app(None)
    celery._state.default_app = None


@pytest.fixture
def queue(celery_app: Any) -> Iterator[Any]:
    with celery_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        queue.clear()
        yield queue
        queue.close()


def test_with_celery_a_worker_asks(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], queue: Any, celery_app: Any
) -> None:
    users = [link(name).user for name in ("erin", "finn")]
    with committed():
        for user in users:
            user.delete()
    assert deleted_at(corbado) == []
    message = queue.get_nowait()
    assert message.headers["task"] == "corbado_auth.delete_pending"
    assert queue.qsize() == 0
    said = celery_app.tasks[message.headers["task"]]()
    assert said == "2 deleted at Corbado, 0 still to be deleted"
    assert not PendingDeletion.objects.exists()


def test_celery_that_is_not_configured_or_runs_at_once_is_none(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], celery_app: Any
) -> None:
    celery_app.conf.task_always_eager = True
    assert not tasks.enqueue()
    celery_app.conf.update(task_always_eager=False, broker_url=None)
    assert not tasks.enqueue()


def test_a_broker_that_is_away_leaves_it_to_the_request(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    celery_app: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    celery_app.conf.broker_url = "redis://127.0.0.1:1/0"
    account = link("erin")
    with committed():
        account.user.delete()
    assert deleted_at(corbado) == [account.corbado_user_id]
    assert "No task for the pending deletions: OperationalError" in caplog.text


def migrate_users(*arguments: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("corbado_migrate_users", "--concurrency=1", *arguments, stdout=out)
    return out.getvalue()


def test_the_bulk_migration_retries_first(corbado: Corbado, left_over: list[str]) -> None:
    assert "3 deleted at Corbado, having been deleted here" in migrate_users()
    assert sorted(deleted_at(corbado)) == sorted(left_over)


def test_the_bulk_migration_says_what_is_still_left(corbado: Corbado, left_over: list[str]) -> None:
    corbado.fail_next("/v1/users/*", method="DELETE", status=503, times=0)
    assert "3 still to be deleted at Corbado" in migrate_users()


def test_a_dry_run_counts_them_and_deletes_nobody(corbado: Corbado, left_over: list[str]) -> None:
    assert "3 to be deleted at Corbado, having been deleted here" in migrate_users("--dry-run")
    assert deleted_at(corbado) == []
