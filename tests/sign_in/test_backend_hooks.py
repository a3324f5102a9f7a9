"""CorbadoBackend: what a site may decide by attributes and methods of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client

from corbado_auth.backends import CorbadoBackend
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from tests.support.backends import KnownPeopleBackend, NoMatchingBackend
from tests.support.vouching import (
    assert_refused,
    come_as,
    corbado_user,
    only_user,
    ours,
    signed_in_as,
)

MakeUser = Callable[..., Any]
ADA = "ada@example.com"

pytestmark = pytest.mark.django_db


class ByUserName(CorbadoBackend):
    """A site whose user names are the addresses."""

    def match_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser | None:
        users = get_user_model()._default_manager.filter(username__in=corbado_user.verified_emails)
        return users.first()


class Customers(CorbadoBackend):
    """A site that creates users in its own way."""

    def create_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser:
        user = get_user_model()(username=f"customer-{corbado_user.id}")
        user.set_unusable_password()
        user.save()
        return user


class Newcomers(CorbadoBackend):
    """A site that puts people who are new to Corbado into a group."""

    def configure_user(
        self, request: Any, user: Any, corbado_user: CorbadoUser, created: bool
    ) -> AbstractBaseUser:
        assert isinstance(request, HttpRequest)
        name = f"{'created' if created else 'linked'} for {corbado_user.id}"
        user.groups.add(Group.objects.create(name=name))
        return super().configure_user(request, user, corbado_user, created)


class Approval(CorbadoBackend):
    """A site that looks at each new person before they may come in."""

    def configure_user(
        self, request: Any, user: Any, corbado_user: CorbadoUser, created: bool
    ) -> AbstractBaseUser:
        user.is_active = False
        user.save(update_fields=["is_active"])
        return user


class Clumsy(CorbadoBackend):
    def configure_user(self, *args: Any) -> AbstractBaseUser:
        raise RuntimeError("the site's own code fails")


# What a site decides ----------------------------------------------------------------------


def test_a_site_may_let_only_known_people_in(
    client: Client, use_backend: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_backend(KnownPeopleBackend)
    assert_refused(come_as(client, ADA), caplog, "unknown_user")
    assert not get_user_model()._default_manager.exists()


def test_a_site_of_known_people_still_links_by_address(
    client: Client, use_backend: Any, make_user: MakeUser
) -> None:
    use_backend(KnownPeopleBackend)
    ada = make_user(ADA)
    come_as(client, ADA)
    assert signed_in_as(client) == str(ada.pk)


def test_a_site_may_ignore_addresses(client: Client, use_backend: Any, make_user: MakeUser) -> None:
    use_backend(NoMatchingBackend)
    ada = make_user(ADA)
    come_as(client, ADA)
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id) != str(ada.pk)


def test_two_people_with_one_address_are_two_users_where_addresses_are_ignored(
    use_backend: Any,
) -> None:
    use_backend(NoMatchingBackend)
    come_as(Client(), ADA)
    come_as(Client(), ADA, id="usr-1002")
    assert CorbadoAccount.objects.values("user").distinct().count() == 2


def test_a_site_may_match_in_its_own_way(
    client: Client, use_backend: Any, make_user: MakeUser
) -> None:
    use_backend(ByUserName)
    ada = make_user("old@example.com", username=ADA)
    come_as(client, ADA)
    assert signed_in_as(client) == str(ada.pk)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"is_staff": True}, "staff_user"), ({"is_active": False}, "inactive_user")],
    ids=["staff", "inactive"],
)
def test_a_match_of_the_site_is_checked_too(
    client: Client,
    use_backend: Any,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
    fields: dict[str, bool],
    reason: str,
) -> None:
    use_backend(ByUserName)
    make_user("old@example.com", username=ADA, **fields)
    assert_refused(come_as(client, ADA), caplog, reason)


def test_a_site_may_create_users_in_its_own_way(client: Client, use_backend: Any) -> None:
    use_backend(Customers)
    come_as(client, ADA)
    assert only_user().username == "customer-usr-1001"


def test_configure_user_sees_a_new_user_once(client: Client, use_backend: Any) -> None:
    use_backend(Newcomers)
    come_as(client, ADA)
    come_as(Client(), ADA)
    assert [group.name for group in only_user().groups.all()] == ["created for usr-1001"]


def test_configure_user_sees_a_linked_user_once(
    client: Client, use_backend: Any, make_user: MakeUser
) -> None:
    use_backend(Newcomers)
    ada = make_user(ADA)
    come_as(client, ADA)
    come_as(Client(), ADA)
    assert [group.name for group in ada.groups.all()] == ["linked for usr-1001"]


def test_a_new_user_who_waits_for_approval_is_kept_and_not_let_in(
    client: Client, use_backend: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_backend(Approval)
    assert_refused(come_as(client, ADA), caplog, "inactive_user")
    assert only_user().last_login is None
    account = CorbadoAccount.objects.get(user=only_user())
    assert (account.sign_in_count, account.first_sign_in_at) == (0, None)


def test_an_approved_user_gets_in(client: Client, use_backend: Any) -> None:
    use_backend(Approval)
    come_as(client, ADA)
    get_user_model()._default_manager.update(is_active=True)
    come_as(client, ADA)
    assert signed_in_as(client) == str(only_user().pk)
    assert CorbadoAccount.objects.get().sign_in_count == 1


def test_nothing_is_left_of_a_person_when_the_sites_own_code_fails(
    client: Client, use_backend: Any
) -> None:
    use_backend(Clumsy)
    with pytest.raises(RuntimeError):
        come_as(client, ADA)
    assert not get_user_model()._default_manager.exists()
    assert not CorbadoAccount.objects.exists()
    assert not Session.objects.exists()


# Beside the front door --------------------------------------------------------------------


def test_a_refusal_looks_the_same_where_the_person_can_do_nothing_about_it(
    use_backend: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_backend(KnownPeopleBackend)
    unknown = come_as(Client(), "unknown@example.com", id="usr-1")
    deleted = come_as(Client(), "new@example.com", id="usr-2", status="deleted")
    assert unknown.content == deleted.content
    assert len({record.args for record in ours(caplog)}) == 2


def test_authenticate_works_without_a_request() -> None:
    user = authenticate(None, corbado_user=corbado_user(ADA))
    assert user == only_user()


@pytest.mark.django_db(transaction=True)
def test_aauthenticate_knows_a_corbado_user() -> None:
    user = async_to_sync(aauthenticate)(corbado_user=corbado_user(ADA))
    assert user == only_user()


@pytest.mark.django_db(transaction=True)
def test_aauthenticate_asks_the_sites_own_backend(use_backend: Any) -> None:
    use_backend(KnownPeopleBackend)
    assert async_to_sync(aauthenticate)(corbado_user=corbado_user(ADA)) is None
