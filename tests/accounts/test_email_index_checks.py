"""The check and the doctor about the index for lookups by address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from corbado_auth import email_index
from corbado_auth.checks import ids
from corbado_auth.checks.email_lookups import check_email_lookups
from corbado_auth.doctor import State
from corbado_auth.doctor.database import email_lookups
from tests.accounts.test_email_index import (
    ADA,
    run,
    site_index,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("leave_no_index")]
MakeUser = Callable[..., Any]


@pytest.fixture
def many_users(make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create so many users that an index is needed."""
    monkeypatch.setattr(email_index, "SMALL", 2)
    for number in range(3):
        make_user(f"user{number}@example.com")


@pytest.fixture
def no_user_table(db: None, leave_no_index: None) -> Iterator[None]:
    """Rename the table of users for a while, as if the site had not been migrated yet.

    The table and not the model's name of it: Django's fields keep that name once they used it.
    """
    table = connection.ops.quote_name(get_user_model()._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO not_there_yet")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE not_there_yet RENAME TO {table}")


def checked(databases: list[str] | None) -> list[str]:
    said = run_checks(databases=databases)
    return [str(message.id) for message in said if message.id == ids.EMAIL_INDEX_MISSING]


@pytest.mark.usefixtures("many_users")
def test_the_check_speaks_up_and_its_hint_helps() -> None:
    assert checked(["default"]) == [ids.EMAIL_INDEX_MISSING]
    assert run()[2] == 0
    assert checked(["default"]) == []


@pytest.mark.usefixtures("many_users")
def test_manage_py_check_shows_it_where_the_database_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("check", databases=["default"])
    printed = capsys.readouterr().err
    assert ids.EMAIL_INDEX_MISSING in printed
    assert "manage.py corbado_email_index" in printed


@pytest.mark.usefixtures("many_users")
@pytest.mark.parametrize("databases", [None, []], ids=["none", "empty"])
def test_a_check_that_names_no_database_asks_none(databases: list[str] | None) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert checked(databases) == []
    assert len(queries) == 0


@pytest.mark.usefixtures("many_users")
def test_a_check_that_names_another_database_does_not_ask_ours() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert check_email_lookups(databases=["other"]) == []
    assert len(queries) == 0


def test_the_check_is_silent_about_few_users(make_user: MakeUser) -> None:
    make_user(ADA)
    assert not site_index().serves() or connection.vendor == "mysql"
    assert checked(["default"]) == []


@pytest.mark.usefixtures("many_users", "no_user_table")
def test_the_check_is_silent_before_the_first_migrate() -> None:
    assert checked(["default"]) == []


def test_the_check_is_silent_without_an_email_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field")
    assert checked(["default"]) == []
    assert email_lookups().state == State.OK


@pytest.mark.usefixtures("many_users")
def test_the_doctor_shows_the_statement() -> None:
    statement = site_index().statements()[0]
    finding = email_lookups()
    assert finding.state == State.WARNING
    assert statement in finding.advice
    run()
    assert email_lookups().state == State.OK


def test_the_doctor_is_at_ease_with_few_users() -> None:
    finding = email_lookups()
    assert finding.state == State.OK
    assert "CREATE INDEX" in finding.fact or connection.vendor == "mysql"


@pytest.mark.usefixtures("no_user_table")
def test_the_doctor_says_when_the_table_is_not_there() -> None:
    finding = email_lookups()
    assert finding.state == State.WARNING
    assert "manage.py migrate" in finding.advice


def test_the_doctor_knows_no_index_for_other_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_index, "RECIPES", {})
    assert email_lookups().state == State.WARNING
