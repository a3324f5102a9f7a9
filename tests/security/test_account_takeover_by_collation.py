"""Account take-over in a database that ignores case.

The attack: many sites run on a case-insensitive collation (MySQL's default, citext, NOCASE), where
``WHERE corbado_user_id = 'usr-ABC'`` finds ``usr-abc``. An attacker whose Corbado user ID differs
from the victim's only in case, or whose address differs only in letters that the collation folds,
would be taken for the victim. Corbado's IDs are digits today (INFERRED), but no account depends on
that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.support.vouching import assert_refused, come_as, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db]

MakeUser = Callable[..., Any]
ADA = "ada@example.com"
TABLE = CorbadoAccount._meta.db_table
# Level 1: neither case nor accents count, as in MySQL's default collation.
ICU_COLLATION = (
    "CREATE COLLATION nocase (provider=icu, locale='und-u-ks-level1', deterministic=false)"
)


@pytest.fixture(autouse=True)
def _case_insensitive_columns(db: None) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _with_icu(cursor)
        elif connection.vendor == "sqlite":
            _with_nocase(cursor)


def _with_icu(cursor: Any) -> None:
    cursor.execute(ICU_COLLATION)
    for table, column in ((TABLE, "corbado_user_id"), ("auth_user", "email")):
        cursor.execute(f"ALTER TABLE {table} ALTER {column} TYPE varchar(254) COLLATE nocase")


def _with_nocase(cursor: Any) -> None:
    """Recreate the table of accounts with another collation, until the end of the test."""
    cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [TABLE])
    (sql,) = cursor.fetchone()
    column = '"corbado_user_id" varchar(64) NOT NULL'
    assert column in sql
    cursor.execute(f"DROP TABLE {TABLE}")
    cursor.execute(sql.replace(column, f"{column} COLLATE NOCASE"))


def test_this_database_does_not_tell_case(make_user: MakeUser) -> None:
    CorbadoAccount.objects.create(user=make_user(ADA), project_id="p", corbado_user_id="usr-a")
    assert CorbadoAccount.objects.filter(corbado_user_id="usr-A").exists()


def test_an_id_in_another_case_is_another_user(
    client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA)
    come_as(client, ADA, id="usr-abc")
    client.post("/corbado/logout/")
    refused = come_as(client, "attacker@example.org", id="usr-ABC")
    assert_refused(refused, caplog, "conflict", "usr-ABC")
    assert CorbadoAccount.objects.get().sign_in_count == 1


@pytest.mark.server
def test_an_address_in_other_letters_is_another_users(client: Client, make_user: MakeUser) -> None:
    sam = make_user("sam@example.com")
    assert get_user_model()._default_manager.filter(email="\u017fam@example.com").exists()
    come_as(client, "\u017fam@example.com")
    assert signed_in_as(client) != str(sam.pk)
    assert not CorbadoAccount.objects.filter(user=sam).exists()


def test_an_address_in_another_case_is_the_same_one(client: Client, make_user: MakeUser) -> None:
    ada = make_user("ADA@example.com")
    come_as(client, ADA)
    assert signed_in_as(client) == str(ada.pk)
