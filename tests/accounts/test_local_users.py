"""How we read AUTH_USER_MODEL: who has which address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.db.models import CharField, QuerySet
from django.db.models.lookups import IExact
from django.db.models.manager import BaseManager
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import register_lookup

from corbado_auth.local_users import (
    email_field_name,
    email_of,
    is_shared_address,
    shared_addresses,
    users_with_email,
)

MakeUser = Callable[..., Any]
ADA = "ada@example.com"


@pytest.mark.matrix
@pytest.mark.django_db
def test_users_are_found_by_any_of_the_addresses(make_user: MakeUser) -> None:
    ada, bob = make_user("ADA@example.com"), make_user("bob@example.com")
    make_user("cy@example.com")
    found = users_with_email([ADA, "bob@example.com", "nobody@example.com"], using="default")
    assert {user.pk for user in found} == {ada.pk, bob.pk}


@pytest.mark.matrix
@pytest.mark.django_db
def test_an_inactive_user_is_found_too(make_user: MakeUser) -> None:
    ada = make_user(ADA, is_active=False)
    assert users_with_email([ADA], using="default") == [ada]


@pytest.mark.django_db
@pytest.mark.parametrize("addresses", [[], [""]], ids=["none", "empty"])
def test_without_an_address_no_user_is_found(make_user: MakeUser, addresses: list[str]) -> None:
    make_user("", username="somebody-without-an-address")
    assert users_with_email(addresses, using="default") == []


@pytest.mark.django_db
@pytest.mark.parametrize("wildcard", ["%", "_", "ad_@example.com", "%@example.com"])
def test_a_wildcard_of_sql_is_a_letter_like_any_other(make_user: MakeUser, wildcard: str) -> None:
    make_user(ADA)
    assert users_with_email([wildcard], using="default") == []


@pytest.mark.matrix
@pytest.mark.django_db
@pytest.mark.parametrize("letters", ["\\_", "\\%", "\\\\", "'", "spelling 1"])
def test_what_means_something_in_sql_is_found_as_it_is(make_user: MakeUser, letters: str) -> None:
    user = make_user(f"ada{letters}@example.com")
    assert users_with_email([f"Ada{letters}@example.com"], using="default") == [user]


@pytest.mark.matrix
@pytest.mark.django_db
def test_the_search_is_compiled_once(make_user: MakeUser) -> None:
    bob = make_user("bob@example.com")
    users_with_email([ADA], using="default")
    with mock.patch.object(SQLCompiler, "as_sql", side_effect=AssertionError):
        assert users_with_email(["BOB@example.com"], using="default") == [bob]


@pytest.mark.matrix
@pytest.mark.django_db
def test_a_manager_that_hides_someone_is_asked_each_time(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_user(ADA)
    assert users_with_email([ADA], using="default") == [ada]

    def without_ada(manager: BaseManager[Any]) -> QuerySet[Any]:
        return QuerySet(manager.model, using=manager._db).exclude(email=ADA)

    manager = type(get_user_model()._default_manager)
    monkeypatch.setattr(manager, "get_queryset", without_ada)
    assert users_with_email([ADA], using="default") == []


class NobodysAddress(IExact):
    """A rule of the site's own: nobody is found."""

    def process_rhs(self, *arguments: Any) -> Any:
        sql, _parameters = super().process_rhs(*arguments)
        return sql, ["nobody@example.com"]


@pytest.mark.django_db
def test_a_site_may_search_in_its_own_way(make_user: MakeUser) -> None:
    ada = make_user(ADA)
    assert users_with_email([ADA], using="default") == [ada]
    with register_lookup(CharField, NobodysAddress):
        assert users_with_email([ADA], using="default") == []
    assert users_with_email([ADA], using="default") == [ada]


@pytest.mark.matrix
@pytest.mark.django_db
def test_the_address_of_a_user_is_read_from_the_email_field(make_user: MakeUser) -> None:
    assert email_of(make_user(ADA)) == ADA


def test_an_address_that_is_null_is_an_empty_one() -> None:
    assert email_of(get_user_model()(email=None)) == ""


def test_a_user_model_without_an_email_field_has_no_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field")
    assert email_field_name() is None
    assert email_of(get_user_model()()) == ""
    assert users_with_email([ADA], using="default") == []


@pytest.mark.django_db
@pytest.mark.parametrize("letter", ["a", "\u0131", "\u0130", "\u00df", "\u017f", "\u03c2"])
def test_one_query_for_all_knows_every_shared_address(make_user: MakeUser, letter: str) -> None:
    """Upper and lower case of some letters are not each other's."""
    address = f"ada@{letter}.example.com"
    make_user(address, username="one")
    make_user(address, username="two")
    make_user("bob@example.com")
    known = shared_addresses(using="default")
    assert is_shared_address(address, using="default", known=known)
    assert not is_shared_address("bob@example.com", using="default", known=known)
