"""The index for lookups by address: what the queries need, the command, the check, the doctor."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, models, transaction
from django.db.models.functions import Collate, Lower, Upper
from django.test import Client
from django.test.utils import CaptureQueriesContext

from corbado_auth import email_index
from corbado_auth.email_index import NAME, EmailIndex
from corbado_auth.existing_users.bulk.scope import Scope
from corbado_auth.local_users import (
    is_shared_address,
    shared_addresses,
    users_with_email,
)
from corbado_auth.testing import Corbado
from tests.accounts.indexes import indexes, reads_everybody
from tests.support.front_door import sign_in
from tests.support.webhook import CREDENTIALS, basic

# An index is not made concurrently within a transaction.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("leave_no_index")]

ADA, BOB = "ada_l@example.com", "bob@example.com"
MakeUser = Callable[..., Any]
NUMBERS = itertools.count()


def add(index: models.Index) -> None:
    with connection.schema_editor() as editor:
        editor.add_index(get_user_model(), index)


def run(*arguments: str) -> tuple[str, str, int]:
    """Run the command; return its output, its error output, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("corbado_email_index", *arguments, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        return out.getvalue(), f"{err.getvalue()}{error}", error.returncode
    return out.getvalue(), err.getvalue(), 0


def site_index() -> EmailIndex:
    index = EmailIndex.of_site()
    assert index is not None
    return index


def user_queries(queries: CaptureQueriesContext) -> list[str]:
    """Return the queries that look for someone by the address."""
    words = ("UPPER(", "LIKE ")
    return [
        query["sql"] for query in queries if any(word in query["sql"].upper() for word in words)
    ]


# What the queries need -------------------------------------------------------------------------


def ask_auth_methods(corbado: Corbado) -> None:
    Client().post(
        "/corbado/webhooks/actions/",
        {
            "id": "who-1",
            "projectID": corbado.settings["CORBADO_PROJECT_ID"],
            "action": "authMethods",
            "data": {"username": ADA},
        },
        content_type="application/json",
        headers={"x-corbado-action": "authMethods", "authorization": basic(CREDENTIALS)},
    )


def link(corbado: Corbado) -> None:
    sign_in(Client(), corbado.issue_token(corbado.add_user(ADA)))


LOOKUPS: dict[str, Callable[[Corbado], Any]] = {
    "authMethods-webhook": ask_auth_methods,
    "first-sign-in": link,
    "several-addresses": lambda _corbado: users_with_email([ADA, BOB], using="default"),
    "shared-address": lambda _corbado: is_shared_address(ADA, using="default"),
}


@pytest.mark.matrix
@pytest.mark.parametrize("lookup", LOOKUPS.values(), ids=LOOKUPS)
def test_the_command_makes_the_index_that_a_lookup_needs(
    corbado: Corbado, make_user: MakeUser, lookup: Callable[[Corbado], Any]
) -> None:
    make_user("Ada_L@Example.com")
    # MariaDB would rather read a few users than several parts of an index.
    for number in range(300 if connection.vendor == "mysql" else 0):
        make_user(f"u{number}@example.com", username=f"u{number}")
    was_there = site_index().serves()  # MariaDB: a user model with a unique address.
    with CaptureQueriesContext(connection) as queries:
        lookup(corbado)
    (sql,) = user_queries(queries)
    assert reads_everybody(sql) is not was_there
    assert run()[2] == 0
    assert not reads_everybody(sql)


def plan_of(sql: str, *without: str) -> str:
    """Return PostgreSQL's plan where it may not do these things."""
    with transaction.atomic(), connection.cursor() as cursor:
        for way in without:
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.postgresql
def test_shared_addresses_are_grouped_in_the_order_of_the_index(make_user: MakeUser) -> None:
    make_user(ADA, username="one")
    make_user(ADA.upper(), username="two")
    make_user(BOB)
    run()
    with CaptureQueriesContext(connection) as queries:
        assert shared_addresses(using="default") == {ADA}
    (grouped,) = (query["sql"] for query in queries if "GROUP BY" in query["sql"])
    plan = plan_of(grouped, "seqscan", "hashagg")
    assert f"Index Scan using {NAME}" in plan
    assert "Sort" not in plan


@pytest.mark.postgresql
def test_the_addresses_of_a_file_are_found_by_the_index(make_user: MakeUser) -> None:
    make_user("Ada_L@Example.com")
    run()
    scope = Scope(get_user_model()._default_manager.all(), [ADA, BOB])
    with CaptureQueriesContext(connection) as queries:
        assert [len(page) for page in scope.pages()] == [1]
    # Without plain index scans, or three users are read in the order of their primary keys.
    plan = plan_of(user_queries(queries)[0], "seqscan", "indexscan")
    assert f"Bitmap Index Scan on {NAME}" in plan


@pytest.mark.parametrize("wildcard", ["%", "_", "%@example.com"])
def test_with_the_index_a_wildcard_is_a_letter_like_any_other(
    make_user: MakeUser, wildcard: str
) -> None:
    make_user(ADA)
    run()
    assert users_with_email([wildcard], using="default") == []
    assert len(users_with_email([ADA.upper()], using="default")) == 1


# The command -----------------------------------------------------------------------------------


@pytest.mark.matrix
def test_run_again_it_has_nothing_to_do() -> None:
    run()
    before = indexes()
    output, _said, code = run()
    assert (code, indexes()) == (0, before)
    assert "Nothing to do" in output


@pytest.mark.parametrize("option", ["--sql", "--dry-run"])
def test_the_statement_is_printed_alone_and_nothing_is_done(option: str) -> None:
    before = indexes()
    output, said, code = run(option)
    assert (code, said, indexes()) == (0, "", before)
    assert all(line.endswith(";") for line in output.splitlines())
    with connection.cursor() as cursor:
        for statement in output.splitlines():
            cursor.execute(statement)
    assert site_index().serves()
    output, said, code = run(option)
    assert (code, output) == (0, "")
    assert "Nothing to do" in said


@pytest.mark.postgresql
def test_on_postgresql_the_index_is_made_concurrently() -> None:
    assert run("--sql")[0].splitlines() == [
        f'CREATE INDEX CONCURRENTLY "{NAME}" ON "auth_user" ((UPPER("email")));',
        'ANALYZE "auth_user";',
    ]


def own_indexes() -> list[models.Index]:
    """Return what a site may have declared in the Meta of its user model."""
    return {
        "postgresql": [models.Index(Upper("email"), name="site_email")],
        "sqlite": [models.Index(Collate("email", "nocase"), name="site_email")],
    }.get(connection.vendor, [models.Index(fields=["email"], name="site_email")])


def test_an_index_of_the_sites_own_counts() -> None:
    for index in own_indexes():
        add(index)
    output, _said, code = run()
    assert code == 0
    assert "Nothing to do" in output
    assert NAME not in indexes()


@pytest.mark.parametrize("index", ["plain", "lower"])
def test_an_index_that_does_not_serve_does_not_count(index: str) -> None:
    plain = models.Index(fields=["email"], name="site_email")
    add(plain if index == "plain" else models.Index(Lower("email"), name="site_email"))
    assert site_index().serves() is (connection.vendor == "mysql" and index == "plain")


POOR = {
    "postgresql": {
        "second-key": "CREATE INDEX site_email ON auth_user (last_name, UPPER(email))",
        "brin": "CREATE INDEX site_email ON auth_user USING brin (UPPER(email))",
        "partial": "CREATE INDEX site_email ON auth_user (UPPER(email)) WHERE is_active",
        "collation": 'CREATE INDEX site_email ON auth_user (UPPER(email) COLLATE "de-x-icu")',
    },
    "sqlite": {
        "second-key": "CREATE INDEX site_email ON auth_user (last_name, email COLLATE NOCASE)",
        "partial": "CREATE INDEX site_email ON auth_user (email COLLATE NOCASE) WHERE is_active",
    },
    "mysql": {
        "second-key": "CREATE INDEX site_email ON auth_user (last_name, email)",
        "fulltext": "CREATE FULLTEXT INDEX site_email ON auth_user (email)",
    },
}.get(connection.vendor, {})


@pytest.mark.parametrize("statement", POOR.values(), ids=POOR)
def test_an_index_that_is_read_whole_does_not_count(statement: str) -> None:
    """PostgreSQL shows a condition on an index's second key, too, and reads all of the index."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert not site_index().serves()
    assert run()[2] == 0
    assert site_index().serves()


@pytest.mark.parametrize("statement", POOR.values(), ids=POOR)
def test_an_index_that_is_read_whole_hides_no_better_one(statement: str) -> None:
    assert run()[2] == 0
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert site_index().serves()


def test_a_user_model_without_an_email_field_is_exit_code_2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field")
    _output, said, code = run()
    assert code == 2
    assert "no email field" in said


def test_a_database_of_another_kind_is_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_index, "RECIPES", {})
    _output, said, code = run()
    assert code == 2
    assert connection.vendor in said


def test_inside_a_transaction_it_is_exit_code_2() -> None:
    with transaction.atomic():
        _output, said, code = run()
    assert code == 2
    assert "transaction" in said


def test_a_database_that_refuses_is_a_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(EmailIndex, "statements", lambda _self: ["CREATE NONSENSE;"])
    _output, said, code = run()
    assert code == 1
    assert "The database failed" in said
    assert "--sql" in said


def test_an_index_that_is_not_used_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmailIndex, "serves", lambda _self: False)
    _output, said, code = run()
    assert code == 1
    assert "does not use it" in said


def test_ctrl_c_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: EmailIndex) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(EmailIndex, "statements", interrupted)
    _output, said, code = run()
    assert code == 1
    assert "Run it again" in said
