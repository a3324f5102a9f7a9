"""The index for lookups by address: what the queries need, the command, the check, the doctor."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, connections, models, transaction
from django.db.models.functions import Collate, Lower, Upper
from django.test import Client
from django.test.utils import CaptureQueriesContext

from corbado_auth import email_index
from corbado_auth.checks import ids
from corbado_auth.checks.email_lookups import check_email_lookups
from corbado_auth.doctor import State
from corbado_auth.doctor.database import email_lookups
from corbado_auth.email_index import NAME, EmailIndex
from corbado_auth.existing_users.bulk.scope import Scope
from corbado_auth.local_users import (
    is_shared_address,
    shared_addresses,
    users_with_email,
)
from corbado_auth.testing import Corbado
from tests.support.front_door import sign_in
from tests.support.webhook_cases import CREDENTIALS, basic

# An index is not made concurrently within a transaction.
pytestmark = pytest.mark.django_db(transaction=True)

ADA, BOB = "ada_l@example.com", "bob@example.com"
MakeUser = Callable[..., Any]
NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _leave_no_index() -> Iterator[None]:
    """Take away what a test has made: a table is emptied after a test, and keeps its indexes."""
    before = indexes()
    yield
    with connection.cursor() as cursor:
        for name in indexes() - before:
            of_table = f" ON {table()}" if connection.vendor == "mysql" else ""
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}{of_table}")


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(
            cursor, get_user_model()._meta.db_table
        )
    return {name for name, each in constraints.items() if each["index"]}


def table() -> str:
    return connection.ops.quote_name(get_user_model()._meta.db_table)


def add(index: models.Index) -> None:
    with connection.schema_editor() as editor:
        editor.add_index(get_user_model(), index)


def run(*arguments: str) -> tuple[str, str, int]:
    """Run the command; return what it prints, what it says beside that, and its exit code."""
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
    """Return the queries that look for somebody by the address."""
    words = ("UPPER(", "LIKE ")
    return [
        query["sql"] for query in queries if any(word in query["sql"].upper() for word in words)
    ]


def reads_everybody(sql: str) -> bool:
    """Ask the database whether it has to read the whole user table for this query."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        # New text each time: SQLite explains a statement that it has kept by the schema of before.
        query_plan = "QUERY PLAN" if connection.vendor == "sqlite" else ""
        cursor.execute(f"EXPLAIN {query_plan} /* {next(NUMBERS)} */ {sql}")
        rows = cursor.fetchall()
        if connection.vendor == "mysql":
            columns = [column[0] for column in cursor.description]
            return any(dict(zip(columns, row, strict=True))["key"] is None for row in rows)
    plan = "\n".join(str(row[-1]) for row in rows)
    return "Seq Scan" in plan or "SCAN " in plan


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
    plan = plan_of(queries[-1]["sql"], "seqscan", "hashagg")
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


@pytest.fixture
def odd_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give table and column of the user model names that have to be quoted."""
    meta, field = get_user_model()._meta, get_user_model()._meta.get_field("email")
    plain, odd = (meta.db_table, field.column), ("Site users (old)", "E-Mail of user")
    quoted = connection.ops.quote_name

    def rename(old: tuple[str, str], new: tuple[str, str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {quoted(old[0])} RENAME TO {quoted(new[0])}")
            cursor.execute(
                f"ALTER TABLE {quoted(new[0])} RENAME COLUMN {quoted(old[1])} TO {quoted(new[1])}"
            )
        for each in meta.fields:
            each.__dict__.pop("cached_col", None)

    rename(plain, odd)
    with monkeypatch.context() as patch:
        patch.setattr(meta, "db_table", odd[0])
        patch.setattr(field, "column", odd[1])
        yield
    rename(odd, plain)


@pytest.mark.usefixtures("odd_names")
def test_names_that_have_to_be_quoted_are_quoted() -> None:
    assert not site_index().serves()
    assert run()[2] == 0
    assert site_index().serves()
    assert "Nothing to do" in run()[0]


# PostgreSQL: what an interrupted run leaves behind, and other kinds of columns -----------------


def leave_half_an_index(make_user: MakeUser) -> None:
    """Let PostgreSQL begin an index and give up, as a stopped run does."""
    make_user(ADA, username="one")
    make_user(ADA, username="two")
    with connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute(f'CREATE UNIQUE INDEX CONCURRENTLY "{NAME}" ON auth_user ((UPPER(email)))')
    assert NAME in indexes()


@pytest.mark.postgresql
def test_half_an_index_does_not_count_and_is_replaced(make_user: MakeUser) -> None:
    leave_half_an_index(make_user)
    assert not site_index().serves()
    output, _said, code = run()
    assert code == 0
    assert f"DROP INDEX CONCURRENTLY IF EXISTS {NAME};" in output
    assert site_index().serves()
    assert site_index().leftover().is_valid  # type: ignore[union-attr]


@pytest.mark.postgresql
def test_half_an_index_beside_one_of_the_sites_own_is_removed(make_user: MakeUser) -> None:
    leave_half_an_index(make_user)
    add(models.Index(Upper("email"), name="site_email"))
    assert run()[2] == 0
    assert indexes() & {NAME, "site_email"} == {"site_email"}


@pytest.mark.postgresql
def test_an_index_of_our_name_on_another_column_is_replaced() -> None:
    add(models.Index(Upper("username"), name=NAME))
    assert run()[2] == 0
    assert site_index().serves()


@pytest.mark.postgresql
def test_who_comes_second_leaves_the_first_alone(make_user: MakeUser) -> None:
    """An open transaction holds up the first one, as it does in real life."""
    make_user(ADA)
    codes: list[int] = []

    def first() -> None:
        try:
            codes.append(run()[2])
        finally:
            connections.close_all()

    thread = threading.Thread(target=first)
    with transaction.atomic():
        get_user_model().objects.update(last_name="L")
        thread.start()
        deadline = time.monotonic() + 30
        while not ((leftover := site_index().leftover()) and leftover.is_being_made):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # Only looked at: within a transaction it makes none.
        assert not leftover.is_valid
        second: list[tuple[str, str, int]] = []
        other = threading.Thread(target=lambda: (second.append(run()), connections.close_all()))
        other.start()
        other.join(30)
    thread.join(30)
    assert codes == [0]
    assert second[0][2] == 1
    assert "Somebody else is making" in second[0][1]


INSENSITIVE = {
    "citext": ["CREATE EXTENSION IF NOT EXISTS citext", "citext"],
    "collation": [
        "CREATE COLLATION IF NOT EXISTS any_case "
        "(provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "varchar(254) COLLATE any_case",
    ],
}


@pytest.mark.postgresql
@pytest.mark.parametrize(("prepare", "kind"), INSENSITIVE.values(), ids=INSENSITIVE)
def test_a_column_that_ignores_case_by_itself_needs_the_index_all_the_same(
    make_user: MakeUser, prepare: str, kind: str
) -> None:
    """Django compares UPPER(email::text), so a unique index on the column itself is no help."""
    column = "ALTER TABLE auth_user ALTER COLUMN email TYPE"
    with connection.cursor() as cursor:
        cursor.execute(prepare)
        cursor.execute(f"{column} {kind}")
        try:
            cursor.execute("CREATE UNIQUE INDEX site_email ON auth_user (email)")
            ada = make_user("Ada_L@Example.com")
            assert not site_index().serves()
            assert run()[2] == 0
            assert site_index().serves()
            assert users_with_email([ADA], using="default") == [ada]
        finally:
            cursor.execute(f"DROP INDEX IF EXISTS {NAME}, site_email")
            cursor.execute(f'{column} varchar(254) COLLATE "default"')


# The check and the doctor ----------------------------------------------------------------------


@pytest.fixture
def many_users(make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make more users than are few."""
    monkeypatch.setattr(email_index, "SMALL", 2)
    for number in range(3):
        make_user(f"user{number}@example.com")


@pytest.fixture
def no_user_table(db: None) -> Iterator[None]:
    """Take the table of the users away for a while, as if nobody had migrated yet.

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
