"""CorbadoAccount: the row that decides who signs in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from corbado_auth import managers
from corbado_auth.models import CorbadoAccount
from tests.support.vouching import corbado_user

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

MakeUser = Callable[..., Any]
ADA = "ada@example.com"
PROJECT = "pro-1234567890"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENING = datetime(2026, 3, 1, 18, tzinfo=UTC)
# The largest that Corbado's IDs can be: 20 digits, more than a signed 64-bit integer holds.
LARGEST_ID = "usr-18446744073709551615"


def _account(user: Any, corbado_user_id: str = "usr-1", **fields: Any) -> CorbadoAccount:
    values = {"project_id": PROJECT, "corbado_user_id": corbado_user_id, **fields}
    return CorbadoAccount.objects.create(user=user, **values)


def test_a_corbado_user_has_one_account_in_a_project(make_user: MakeUser) -> None:
    _account(make_user(ADA))
    with pytest.raises(IntegrityError):
        _account(make_user("bob@example.com"))


def test_a_local_user_has_one_account_in_a_project(make_user: MakeUser) -> None:
    ada = make_user(ADA)
    _account(ada)
    with pytest.raises(IntegrityError):
        _account(ada, "usr-2")


def test_one_user_may_have_accounts_in_two_projects(make_user: MakeUser) -> None:
    ada = make_user(ADA)
    _account(ada)
    _account(ada, project_id="pro-2")
    assert ada.corbado_accounts.count() == 2


def test_one_address_makes_one_new_user_in_a_project(make_user: MakeUser) -> None:
    _account(make_user(ADA), created_for_email=ADA)
    with pytest.raises(IntegrityError):
        _account(make_user("bob@example.com"), "usr-2", created_for_email=ADA)


def test_accounts_of_existing_users_claim_no_address(make_user: MakeUser) -> None:
    _account(make_user(ADA))
    _account(make_user("bob@example.com"), "usr-2")
    assert CorbadoAccount.objects.filter(created_for_email=None).count() == 2


def test_the_largest_id_of_corbado_is_kept(make_user: MakeUser) -> None:
    _account(make_user(ADA), LARGEST_ID)
    account = CorbadoAccount.objects.for_corbado_user(LARGEST_ID)
    assert account is not None
    assert account.corbado_user_id == LARGEST_ID


def test_account_and_user_are_read_in_one_query(make_user: MakeUser) -> None:
    ada = make_user(ADA)
    _account(ada)
    with CaptureQueriesContext(connection) as queries:
        account = CorbadoAccount.objects.for_corbado_user("usr-1")
        assert account is not None
        assert account.user == ada
    assert len(queries) == 1


def test_the_statement_is_worded_for_the_database_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = connection.copy(alias="other")
    monkeypatch.setattr(other.ops, "quote_name", lambda name: f"[{name}]")
    monkeypatch.setitem(connections.settings, "other", connection.settings_dict)
    connections["other"] = other
    try:
        statement = managers._statement.__wrapped__(managers.BY_CORBADO_USER_ID, "other")
    finally:
        del connections["other"]
    assert f"FROM [{get_user_model()._meta.db_table}]" in statement.sql
    assert "[" not in managers._statement(managers.BY_CORBADO_USER_ID, "default").sql


@pytest.mark.parametrize(
    ("project", "corbado_user_id"), [("pro-2", "usr-1"), (PROJECT, "usr-2")], ids=["project", "id"]
)
def test_an_account_is_of_one_project_and_one_corbado_user(
    make_user: MakeUser, settings: Settings, project: str, corbado_user_id: str
) -> None:
    ada = make_user(ADA)
    _account(ada)
    settings.CORBADO_PROJECT_ID = project
    assert CorbadoAccount.objects.for_corbado_user(corbado_user_id) is None
    assert (CorbadoAccount.objects.for_user(ada) is None) == (project != PROJECT)


def test_users_are_linked_in_the_project_of_the_site(make_user: MakeUser) -> None:
    account = CorbadoAccount.objects.link(make_user(ADA), "usr-1", email=ADA)
    assert account == CorbadoAccount.objects.current().get() == CorbadoAccount.objects.get()
    assert (account.project_id, account.email, account.sign_in_count) == (PROJECT, ADA, 0)


def test_many_users_are_linked_at_once(make_user: MakeUser) -> None:
    ada, bob = make_user(ADA), make_user("bob@example.com")
    CorbadoAccount.objects.link_many([(ada, "usr-1", ADA), (bob, "usr-2", "")])
    assert list(CorbadoAccount.objects.order_by("pk").values_list("user", "email")) == [
        (ada.pk, ADA),
        (bob.pk, ""),
    ]


def test_a_sign_in_is_counted_in_one_query(make_user: MakeUser) -> None:
    account = _account(make_user(ADA), first_sign_in_at=NOON, last_sign_in_at=NOON, sign_in_count=3)
    with CaptureQueriesContext(connection) as queries:
        assert account.record_sign_in(corbado_user("new@example.com"), at=EVENING)
    account.refresh_from_db()
    assert (account.first_sign_in_at, account.last_sign_in_at) == (NOON, EVENING)
    assert (account.sign_in_count, account.email) == (4, "new@example.com")
    assert len(queries) == 1


def test_sign_ins_of_two_requests_are_both_counted(make_user: MakeUser) -> None:
    here = _account(make_user(ADA))
    there = CorbadoAccount.objects.get()
    here.record_sign_in(corbado_user(ADA), at=NOON)
    there.record_sign_in(corbado_user(ADA), at=EVENING)
    assert CorbadoAccount.objects.get().sign_in_count == 2


def test_the_first_sign_in_of_an_imported_user_is_noted(make_user: MakeUser) -> None:
    account = _account(make_user(ADA))
    assert account.first_sign_in_at is None
    account.record_sign_in(corbado_user(ADA), at=NOON)
    assert CorbadoAccount.objects.get().first_sign_in_at == NOON


def test_a_sign_in_with_an_account_that_is_gone_is_noticed(make_user: MakeUser) -> None:
    account = _account(make_user(ADA))
    CorbadoAccount.objects.all().delete()
    assert not account.record_sign_in(corbado_user(ADA), at=NOON)


def test_the_email_is_the_first_confirmed_one_or_none() -> None:
    person = corbado_user(("new@example.com", "pending"), ADA, "ada@example.org")
    assert person.verified_email == ADA
    assert corbado_user(("a@example.com", "pending")).verified_email == ""


def test_the_account_goes_with_its_user(make_user: MakeUser) -> None:
    ada = make_user(ADA)
    _account(ada)
    ada.delete()
    assert not CorbadoAccount.objects.exists()


def test_the_user_stays_without_the_account(make_user: MakeUser) -> None:
    _account(make_user(ADA)).delete()
    assert get_user_model()._default_manager.count() == 1


def test_an_account_shows_no_address() -> None:
    account = CorbadoAccount(corbado_user_id="usr-1", email=ADA)
    assert str(account) == "usr-1"
    assert "@" not in repr(account)
