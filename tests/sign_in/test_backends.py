"""CorbadoBackend: which local user a Corbado user is, seen from the front door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.vouching import (
    assert_refused,
    come_as,
    corbado_user,
    only_user,
    ours,
    signed_in_as,
)

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., Any]
ADA = "ada@example.com"


class MembersOnly(CorbadoBackend):
    create_unknown_user = False


class NoMatching(CorbadoBackend):
    match_by_email = False


class ByUserName(CorbadoBackend):
    """A site whose user names are the addresses."""

    def match_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser | None:
        users = get_user_model()._default_manager.filter(username__in=corbado_user.verified_emails)
        return users.first()


class Customers(CorbadoBackend):
    """A site that makes users in its own way."""

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


@pytest.fixture
def use_backend(settings: Settings) -> Callable[[type[CorbadoBackend]], None]:
    """Return the function that makes a site use a subclass."""

    def use(backend: type[CorbadoBackend]) -> None:
        settings.AUTHENTICATION_BACKENDS = [f"{__name__}.{backend.__name__}"]

    return use


# Who somebody is, with every user model ------------------------------------------------------


@pytest.mark.matrix
def test_a_new_person_becomes_a_new_user(client: Client) -> None:
    come_as(client, ADA)
    assert signed_in_as(client) == str(only_user().pk)
    assert CorbadoAccount.objects.get().user == only_user()


@pytest.mark.matrix
def test_a_new_user_has_what_the_user_model_has_room_for(client: Client) -> None:
    come_as(client, ADA, full_name="Ada Maria Example")
    expected = {
        "username": ADA,
        "first_name": "Ada",
        "last_name": "Maria Example",
        "email": ADA,
    }
    there = {name for name in expected if _has_field(name)}
    assert {name: getattr(only_user(), name) for name in there} == {
        name: expected[name] for name in there
    }


@pytest.mark.matrix
def test_a_new_user_has_no_usable_password(client: Client) -> None:
    come_as(client, ADA)
    assert not only_user().has_usable_password()


@pytest.mark.matrix
@pytest.mark.parametrize("local", [ADA, "Ada@Example.COM"], ids=["same", "other case"])
def test_an_existing_user_is_found_by_a_confirmed_address(
    client: Client, make_user: MakeUser, local: str
) -> None:
    ada = make_user(local)
    make_user("ada@example.org")
    come_as(client, ("ada@example.net", "active"), ADA)
    assert signed_in_as(client) == str(ada.pk)
    assert CorbadoAccount.objects.get().user == ada


@pytest.mark.matrix
def test_a_returning_person_is_found_by_the_account(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    come_as(client, ADA)
    ada.email = "moved@example.com"
    ada.save()
    newer_browser = Client()
    come_as(newer_browser, ADA)
    assert signed_in_as(newer_browser) == str(ada.pk)
    assert CorbadoAccount.objects.get().sign_in_count == 2


@pytest.mark.matrix
def test_an_unconfirmed_address_is_never_copied(client: Client) -> None:
    come_as(client, (ADA, "pending"))
    assert not get_user_model()._default_manager.filter(email__iexact=ADA).exists()


@pytest.mark.matrix
def test_a_person_without_a_confirmed_address_needs_a_user_name(client: Client) -> None:
    come_as(client, (ADA, "pending"))
    assert get_user_model()._default_manager.exists() is _has_field("username")
    assert (signed_in_as(client) is not None) is _has_field("username")


@pytest.mark.matrix
def test_two_users_with_the_address_in_other_letters_are_ambiguous(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA)
    make_user("ADA@example.com", user_name="second")
    assert_refused(come_as(client, ADA), caplog, "ambiguous_email")


@pytest.mark.matrix
def test_an_inactive_user_is_refused(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA, is_active=False)
    assert_refused(come_as(client, ADA), caplog, "inactive_user")
    assert not only_user().is_active


@pytest.mark.matrix
def test_a_new_person_without_a_name_gets_in(client: Client) -> None:
    come_as(client, ADA, full_name="")
    assert signed_in_as(client) == str(only_user().pk)


@pytest.mark.matrix
def test_the_whole_way_through_the_emulator(
    client: Client, make_user: MakeUser, corbado: Corbado
) -> None:
    ada = make_user(ADA)
    corbado.sign_in(client, corbado.add_user(ADA))
    assert signed_in_as(client) == str(ada.pk)


@pytest.mark.matrix
def test_the_whole_way_with_an_unconfirmed_address(
    client: Client, make_user: MakeUser, corbado: Corbado
) -> None:
    ada = make_user(ADA)
    corbado.sign_in(client, corbado.add_user(ADA, confirmed=False))
    assert signed_in_as(client) != str(ada.pk)
    assert not CorbadoAccount.objects.filter(user=ada).exists()


# Names and addresses at their limits -------------------------------------------------------


def test_a_long_name_is_cut(client: Client) -> None:
    come_as(client, ADA, full_name="A" * 200 + " " + "B" * 99)
    assert only_user().first_name == "A" * 150
    assert only_user().last_name == "B" * 99


def test_a_person_with_only_an_unconfirmed_address_gets_a_user_without_one(client: Client) -> None:
    come_as(client, (ADA, "pending"))
    assert only_user().email == ""
    assert CorbadoAccount.objects.get().email == ""


def test_the_first_confirmed_address_is_the_one_that_a_new_user_gets(client: Client) -> None:
    come_as(client, ("zeta@example.com", "pending"), ADA, "alpha@example.com")
    assert only_user().email == ADA


def test_a_pending_corbado_user_may_sign_in(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    come_as(client, ADA, status="pending")
    assert signed_in_as(client) == str(ada.pk)


def test_a_status_that_nobody_knows_yet_does_not_break_a_sign_in(client: Client) -> None:
    come_as(client, ADA, status="onboarding")
    assert signed_in_as(client) == str(only_user().pk)


# What a site decides ----------------------------------------------------------------------


def test_a_site_may_let_only_known_people_in(
    client: Client, use_backend: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_backend(MembersOnly)
    assert_refused(come_as(client, ADA), caplog, "unknown_user")
    assert not get_user_model()._default_manager.exists()


def test_a_site_of_known_people_still_links_by_address(
    client: Client, use_backend: Any, make_user: MakeUser
) -> None:
    use_backend(MembersOnly)
    ada = make_user(ADA)
    come_as(client, ADA)
    assert signed_in_as(client) == str(ada.pk)


def test_a_site_may_ignore_addresses(client: Client, use_backend: Any, make_user: MakeUser) -> None:
    use_backend(NoMatching)
    ada = make_user(ADA)
    come_as(client, ADA)
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id) != str(ada.pk)


def test_two_people_with_one_address_are_two_users_where_addresses_are_ignored(
    use_backend: Any,
) -> None:
    use_backend(NoMatching)
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


def test_a_refusal_looks_the_same_where_nobody_could_do_anything_about_it(
    use_backend: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use_backend(MembersOnly)
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
    use_backend(MembersOnly)
    assert async_to_sync(aauthenticate)(corbado_user=corbado_user(ADA)) is None


def _has_field(name: str) -> bool:
    try:
        get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


# What a new user is called ------------------------------------------------------------------


class ByName(CorbadoBackend):
    new_username = "name"


class ByCorbadoID(CorbadoBackend):
    new_username = "corbado_id"


class ByHook(CorbadoBackend):
    def username_for(self, corbado_user: CorbadoUser) -> str:
        return f"customer-{len(corbado_user.full_name)}"


@pytest.mark.parametrize(
    ("backend", "name"),
    [(ByName, "ada-example"), (ByCorbadoID, "usr-1001"), (ByHook, "customer-11")],
)
def test_a_site_says_what_a_new_user_is_called(
    client: Client, use_backend: Any, backend: type[CorbadoBackend], name: str
) -> None:
    use_backend(backend)
    come_as(client, ADA, full_name="Ada Example")
    assert only_user().username == name


@pytest.mark.parametrize("backend", [ByName, MembersOnly], ids=["no name", "no address"])
def test_who_has_no_name_gets_a_neutral_one(
    client: Client, use_backend: Any, monkeypatch: pytest.MonkeyPatch, backend: Any
) -> None:
    monkeypatch.setattr(MembersOnly, "create_unknown_user", True)
    use_backend(backend)
    come_as(client, (ADA, "pending"), full_name="")
    assert only_user().username.startswith("user-")
    assert "usr-" not in only_user().username


def test_a_name_that_is_taken_gets_a_number(use_backend: Any, make_user: MakeUser) -> None:
    use_backend(ByName)
    make_user("one@example.com", username="Ada-Example")
    make_user("two@example.com", username="ada-example-2")
    make_user("three@example.com", username="ada-example-of-another-house")
    come_as(Client(), ADA, full_name="Ada Example")
    assert get_user_model()._default_manager.get(email=ADA).username == "ada-example-3"


def test_a_name_that_is_too_long_is_not_cut(client: Client) -> None:
    address = f"{'a' * 150}@example.com"
    come_as(client, address)
    assert only_user().email == address
    assert only_user().username.startswith("user-")


# An address that was confirmed later --------------------------------------------------------


def test_an_empty_address_is_filled_in_once_it_is_confirmed(client: Client) -> None:
    come_as(Client(), (ADA, "pending"))
    assert only_user().email == ""
    come_as(client, ADA)
    assert only_user().email == ADA


def test_one_that_somebody_else_has_here_is_not(client: Client, make_user: MakeUser) -> None:
    come_as(Client(), (ADA, "pending"))
    account = CorbadoAccount.objects.get()
    make_user(ADA, username="ada")
    come_as(client, ADA)
    account.user.refresh_from_db()
    assert account.user.email == ""
    assert signed_in_as(client) == str(account.user_id)


def test_nor_is_an_address_replaced(client: Client, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    come_as(Client(), ADA)
    come_as(client, "moved@example.com")
    ada.refresh_from_db()
    assert ada.email == ADA


def test_nor_one_filled_in_where_addresses_are_ignored(client: Client, use_backend: Any) -> None:
    use_backend(NoMatching)
    come_as(Client(), (ADA, "pending"))
    come_as(client, ADA)
    assert only_user().email == ""
