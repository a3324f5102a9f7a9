"""A deleted local user is deleted at Corbado, too, where the site has turned that on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models.deletion import Collector
from django.test import Client, TestCase, override_settings
from django.urls import reverse

from corbado_auth.deletion.noting import _AfterCommit
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado
from tests.support.deletion import MODEL_BACKEND, committed, deleted_at, local_users

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


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
def test_unlinking_deletes_no_user_at_corbado(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    unlink: Callable[[CorbadoAccount], object],
) -> None:
    account = link("erin")
    with committed():
        unlink(account)
    assert deleted_at(corbado) == []
    assert not PendingDeletion.objects.exists()


def test_unlinking_in_the_admin_deletes_no_user_at_corbado(
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


def test_a_deletion_past_djangos_methods_deletes_no_user_at_corbado(
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
