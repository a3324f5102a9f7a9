"""Where the lookup by address cannot tell, no user is created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldError
from django.db import connection
from django.db.models import EmailField
from django.test import Client

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.refusals import ADA, PASSWORD, come, give_password
from tests.support.vouching import assert_refused, come_as, only_user, signed_in_as

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_email_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the user model name a field that it does not have."""
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field")


@pytest.fixture
def unsearchable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the email field refuse lookups, as encrypted ones do."""
    _replace_email_field(monkeypatch, _Unsearchable)


@pytest.fixture
def encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database store something other than what the model shows."""
    _replace_email_field(monkeypatch, _Encrypted)
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(get_user_model()._meta.db_table)
        cursor.execute(f"UPDATE {table} SET email = %s", [ADA[::-1]])  # noqa: S608


class _Unsearchable(EmailField):
    def get_lookup(self, name: str) -> Any:
        raise FieldError(f"{name} is not supported")


class _Encrypted(EmailField):
    """A field that stores addresses reversed; a lookup searches for them as they are."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return super().get_db_prep_save(value, connection)[::-1]

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value[::-1]


def _replace_email_field(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    monkeypatch.setattr(get_user_model()._meta.get_field("email"), "__class__", kind)


@pytest.mark.parametrize("blind", ["no_email_field", "unsearchable", "encrypted"])
@pytest.mark.parametrize("status", ["active", "pending"])
def test_where_the_lookup_cannot_tell_no_user_is_created(
    client: Client,
    make_user: MakeUser,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    blind: str,
    status: str,
) -> None:
    make_user(ADA, username="ada")
    request.getfixturevalue(blind)
    assert_refused(come_as(client, (ADA, status)), caplog, "lookup_is_blind")
    assert only_user()


@pytest.mark.parametrize("blind", ["unsearchable", "encrypted"])
def test_a_password_links_where_the_lookup_cannot_tell(
    client: Client,
    corbado: Corbado,
    make_user: MakeUser,
    request: pytest.FixtureRequest,
    blind: str,
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD)
    request.getfixturevalue(blind)
    page = come(client, corbado, corbado.add_user(ADA))
    assert "You may have an account here already" in page.content.decode()
    assert give_password(client, page)["Location"] == "/account/"
    assert CorbadoAccount.objects.get().user_id == ada.pk


def test_a_field_of_the_sites_own_that_can_be_searched_is_no_hindrance(
    client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("robin@example.com", username="robin")
    _replace_email_field(monkeypatch, type("OwnEmailField", (EmailField,), {}))
    come_as(client, ADA)
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id)
