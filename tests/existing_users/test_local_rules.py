"""Users whom local rules exclude: Corbado is not asked about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from corbado_auth.existing_users import UserMigration
from corbado_auth.existing_users.outcomes import Outcome
from corbado_auth.testing import Corbado
from tests.existing_users.test_migration import ADA, HERE, attempt_of

MakeUser = Callable[..., AbstractBaseUser]
pytestmark = pytest.mark.django_db


LOCAL = {
    "no-email": ({"email": ""}, Outcome("refused", "no_email")),
    "invalid-email": ({"email": "ada at example.com"}, Outcome("refused", "invalid_email")),
    "trailing-space": ({"email": "ada@example.com "}, Outcome("refused", "invalid_email")),
    "inactive": ({"is_active": False}, Outcome("skipped", "inactive")),
    "staff": ({"is_staff": True}, Outcome("skipped", "staff")),
    "superuser": ({"is_superuser": True}, Outcome("skipped", "staff")),
}


@pytest.mark.parametrize(("fields", "outcome"), LOCAL.values(), ids=LOCAL)
@pytest.mark.parametrize("prepared", [False, True], ids=["alone", "in-a-walk"])
def test_who_does_not_fit_is_reported_and_corbado_is_not_asked(
    make_user: MakeUser, corbado: Corbado, fields: dict[str, Any], outcome: Outcome, prepared: bool
) -> None:
    user = make_user(**{"email": ADA, "username": "ada", **fields})
    migration = UserMigration()
    if prepared:
        migration._prepare()
    assert migration.migrate(user) == outcome
    assert corbado.requests == []
    assert (attempt_of(user).outcome, attempt_of(user).reason) == (outcome.kind, outcome.reason)


@pytest.mark.parametrize("other", [ADA, "ADA@Example.COM"], ids=["same", "another-case"])
@pytest.mark.parametrize("prepared", [False, True], ids=["alone", "in-a-walk"])
def test_of_two_with_one_address_neither_moves(
    make_user: MakeUser, corbado: Corbado, other: str, prepared: bool
) -> None:
    users = [make_user(ADA, username="one"), make_user(other, username="two", is_active=False)]
    migration = UserMigration()
    if prepared:
        migration._prepare()
    reasons = [migration.migrate(user).reason for user in users]
    assert reasons == ["duplicate_email", "inactive"]
    assert corbado.requests == []


def test_addresses_that_only_look_alike_are_not_shared(
    make_user: MakeUser, corbado: Corbado
) -> None:
    make_user("dada@example.com")
    assert UserMigration().migrate(make_user(ADA)).kind == "created"


def test_staff_move_when_the_site_says_so(make_user: MakeUser, corbado: Corbado) -> None:
    migration = UserMigration()
    migration.include_staff = True
    assert migration.migrate(make_user(ADA, is_staff=True)).kind == "created"


def test_an_unproven_address_opens_nothing(
    make_user: MakeUser, corbado: Corbado, settings: LazySettings
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{HERE}.UnprovenBackend"]
    assert UserMigration().migrate(make_user(ADA)) == Outcome("refused", "unproven_email")
    assert corbado.requests == []


def test_a_site_can_say_who_has_proved_the_address(
    make_user: MakeUser, corbado: Corbado, settings: LazySettings
) -> None:
    class Migration(UserMigration):
        def has_proven_email(self, user: Any) -> bool:
            return bool(user.email == ADA)

    settings.AUTHENTICATION_BACKENDS = [f"{HERE}.UnprovenBackend"]
    assert Migration().migrate(make_user(ADA)).kind == "created"


def test_what_the_database_says_now_counts(make_user: MakeUser, corbado: Corbado) -> None:
    ada = make_user(ADA)
    get_user_model().objects.filter(pk=ada.pk).update(is_active=False)
    assert UserMigration().migrate(ada) == Outcome("skipped", "inactive")


def test_a_deleted_user_is_gone(make_user: MakeUser, corbado: Corbado) -> None:
    ada = make_user(ADA)
    get_user_model().objects.filter(pk=ada.pk).delete()
    assert UserMigration().migrate(ada) == Outcome("skipped", "gone")
    assert corbado.requests == []
