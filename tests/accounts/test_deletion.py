"""A deleted local user is deleted at Corbado, too: where the site turns that on, and for sure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from django.db.models.deletion import Collector
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from corbado_auth import deletion
from corbado_auth.backends import CorbadoBackend
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.deletion import Retried, retry_deletions
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
    assert len(callbacks) == 1
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
    with TestCase.captureOnCommitCallbacks():
        for account in accounts:
            account.user.delete()
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
    monkeypatch.setattr(deletion, "PAGE", 2)
    assert retry_deletions() == Retried(deleted=3, kept=0)
    assert sorted(deleted_at(corbado)) == sorted(left_over)


def test_an_old_failure_does_not_keep_a_new_deletion_waiting(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], left_over: list[str]
) -> None:
    PendingDeletion.objects.update(failed_at=timezone.now() - 2 * deletion.PAUSE)
    account = link("hugo")
    with committed():
        account.user.delete()
    assert deleted_at(corbado) == [account.corbado_user_id]


def migrate_users(*arguments: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("corbado_migrate_users", "--concurrency=1", *arguments, stdout=out)
    return out.getvalue()


def test_the_bulk_migration_retries_first(corbado: Corbado, left_over: list[str]) -> None:
    assert "3 deleted at Corbado, as here before" in migrate_users()
    assert sorted(deleted_at(corbado)) == sorted(left_over)


def test_the_bulk_migration_says_what_is_still_left(corbado: Corbado, left_over: list[str]) -> None:
    corbado.fail_next("/v1/users/*", method="DELETE", status=503, times=0)
    assert "3 still to be deleted at Corbado" in migrate_users()


def test_a_dry_run_counts_them_and_deletes_nobody(corbado: Corbado, left_over: list[str]) -> None:
    assert "3 to be deleted at Corbado, as here before" in migrate_users("--dry-run")
    assert deleted_at(corbado) == []
