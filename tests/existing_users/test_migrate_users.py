"""The command moves many users: whom, how often, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from corbado_auth.existing_users import records
from corbado_auth.existing_users.bulk import scope
from corbado_auth.existing_users.bulk.rate_limit import RateLimiter
from corbado_auth.existing_users.bulk.scope import Scope
from corbado_auth.models import (
    CorbadoAccount,
    MigrationAttempt,
    MigrationLease,
)
from corbado_auth.testing import Corbado
from tests.support.impatient import ImpatientMigration
from tests.support.migration import USERS, add_users, moved, rows_of, run

HERE = __name__
MakeUser = Callable[..., AbstractBaseUser]

pytestmark = pytest.mark.usefixtures("impatient")


# What it does ----------------------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.django_db
def test_everybody_moves_and_the_exit_code_is_0(corbado: Corbado, make_user: MakeUser) -> None:
    for name in ("ada", "bob", "eve"):
        make_user(f"{name}@example.com")
    output, code = run()
    assert code == 0
    assert "3 created" in output
    assert moved() == 3


@pytest.mark.django_db
def test_a_refused_user_is_exit_code_1(corbado: Corbado, make_user: MakeUser) -> None:
    make_user("", username="nobody")
    output, code = run()
    assert code == 1
    assert "1 no_email" in output


@pytest.mark.django_db
def test_run_again_it_asks_nothing_twice(corbado: Corbado) -> None:
    add_users(3)
    run()
    output, code = run()
    assert (code, len(corbado.requests)) == (0, 3)
    assert set(MigrationAttempt.objects.values_list("outcome", flat=True)) == {"created"}
    assert "3 already_linked" in output


@pytest.mark.django_db
def test_who_signed_in_meanwhile_is_not_counted_as_refused_any_more(
    corbado: Corbado, make_user: MakeUser
) -> None:
    stranger = corbado.add_user("ada@example.com", confirmed=False)
    ada = make_user("ada@example.com")
    run()
    CorbadoAccount.objects.create(
        user_id=ada.pk,
        project_id=corbado.settings["CORBADO_PROJECT_ID"],
        corbado_user_id=stranger.id,
    )
    run()
    assert MigrationAttempt.objects.get().reason == "already_linked"


@pytest.mark.django_db
def test_a_dry_run_asks_nothing_and_writes_nothing(
    corbado: Corbado, make_user: MakeUser, tmp_path: Path
) -> None:
    add_users(2)
    make_user("", username="nobody")
    with CaptureQueriesContext(connection) as queries:
        output, code = run("--dry-run", f"--report={tmp_path / 'r.csv'}")
    assert code == 1
    assert "2 to ask Corbado about" in output
    assert corbado.requests == []
    written = re.compile(r"\s*(INSERT|UPDATE|DELETE)")
    assert [query["sql"] for query in queries if written.match(query["sql"])] == []
    assert [row["outcome"] for row in rows_of(tmp_path / "r.csv")] == [
        "eligible",
        "eligible",
        "refused",
    ]


@pytest.mark.django_db
def test_staff_move_when_told_to(corbado: Corbado, make_user: MakeUser) -> None:
    make_user("ada@example.com", is_staff=True)
    assert "1 staff" in run()[0]
    assert "1 created" in run("--include-staff")[0]


@pytest.mark.django_db
def test_a_limit_counts_the_users_about_whom_corbado_is_asked(
    corbado: Corbado, make_user: MakeUser
) -> None:
    make_user("", username="nobody")
    add_users(4)
    for expected in (2, 4):
        run("--limit=2")
        assert moved() == expected


@pytest.mark.django_db
def test_a_dry_run_knows_the_limit(corbado: Corbado) -> None:
    add_users(4)
    assert "2 to ask Corbado about" in run("--dry-run", "--limit=2")[0]


@pytest.mark.django_db
def test_a_filter_of_the_class_narrows_down(corbado: Corbado, make_user: MakeUser) -> None:
    add_users(2)
    make_user("ada@example.org")
    assert run("--filter=customers")[1] == 0
    assert moved() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("page", [2, 200])
def test_a_filter_over_a_to_many_relation_asks_about_a_person_once(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: int
) -> None:
    monkeypatch.setattr(scope, "PAGE", page)
    groups = [Group.objects.create(name=f"group {number}") for number in range(5)]
    for user in add_users(3):
        user.groups.set(groups)
    run("--filter=buyers", f"--report={tmp_path / 'report.csv'}")
    assert (moved(), len(corbado.requests)) == (3, 3)
    assert len(rows_of(tmp_path / "report.csv")) == 3
    assert Scope(ImpatientMigration().buyers(get_user_model().objects.all())).count() == 3


@pytest.mark.django_db
def test_only_addresses_of_the_file_move(corbado: Corbado, tmp_path: Path) -> None:
    add_users(5)
    file = tmp_path / "addresses.txt"
    file.write_text(
        "\ufeffUser1@Example.com\n\nuser1@example.com\n user3@example.com\nx@y.example\n"
    )
    output, code = run(f"--emails-from={file}")
    assert (code, moved()) == (0, 2)
    assert "1 addresses in the file that no user here has" in output


@pytest.mark.django_db
def test_an_address_of_the_file_may_have_any_letter(
    corbado: Corbado, make_user: MakeUser, tmp_path: Path
) -> None:
    """Databases and Python do not agree on what the upper case of each is."""
    make_user("ada@m\u00fc\u00dfig.example")
    file = tmp_path / "addresses.txt"
    file.write_text("ADA@m\u00fc\u00dfig.example", encoding="utf-8")
    run(f"--emails-from={file}")
    assert moved() == 1


@pytest.mark.django_db
def test_a_page_of_finished_users_costs_few_queries(corbado: Corbado) -> None:
    add_users(20)
    run()
    with CaptureQueriesContext(connection) as queries:
        run()
    assert len(queries) <= 12


# Bad input -------------------------------------------------------------------------------------

BAD_INPUT = {
    "unknown-filter": (["--filter=staff"], "listed: customers, buyers, sliced, united"),
    "slice": (["--filter=sliced"], "use --limit"),
    "union": (["--filter=united"], "a union"),
    "too-many-threads": (["--concurrency=33"], "1 to 32"),
    "report-of-no-kind": (["--report=report.txt"], ".csv, .json or .jsonl"),
    "report-nowhere": (["--report=/nowhere/report.csv"], "No such file"),
    "addresses-nowhere": (["--emails-from=/nowhere/addresses.txt"], "No such file"),
    "no-addresses": (["--emails-from=/dev/null"], "contains no address"),
    "rate-of-nothing": (["--rate=0"], "above 0"),
    "rate-of-words": (["--rate=fast"], "above 0"),
    "limit-of-nothing": (["--limit=0"], "above 0"),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("arguments", "sentence"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_a_sentence_and_nothing_begins(
    corbado: Corbado, arguments: list[str], sentence: str
) -> None:
    add_users(1)
    with pytest.raises(CommandError, match=sentence):
        call_command("corbado_migrate_users", *arguments)
    assert corbado.requests == []


@pytest.mark.django_db
def test_bad_input_is_exit_code_2(corbado: Corbado) -> None:
    assert run("--filter=nobody")[1] == 2


@pytest.mark.django_db
def test_a_failed_check_is_exit_code_2(corbado: Corbado, settings: LazySettings) -> None:
    settings.CORBADO_API_SECRET = ""
    output, code = run()
    assert code == 2
    assert "CORBADO_API_SECRET" in output


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [[], ["--dry-run"]], ids=["run", "dry-run"])
def test_a_database_that_does_not_answer_is_exit_code_2(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """And not 1, which says that someone was refused."""

    def failing(_self: object) -> int:
        raise OperationalError

    monkeypatch.setattr(Scope, "count", failing)
    output, code = run(*arguments)
    assert code == 2
    assert "The database failed (OperationalError)." in output


@pytest.mark.django_db
def test_a_wrong_class_is_exit_code_2(corbado: Corbado, settings: LazySettings) -> None:
    settings.CORBADO_USER_MIGRATION = f"{HERE}.rows_of"
    output, code = run()
    assert code == 2
    assert "CORBADO_USER_MIGRATION" in output


def test_the_help_teaches() -> None:
    command = load_command_class("corbado_auth", "corbado_migrate_users")
    text = command.create_parser("manage.py", "corbado_migrate_users").format_help()
    for word in ("--dry-run", "examples:", "exit code", "run again", "one run at a"):
        assert word in text


# Failures --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_wrong_credentials_stop_at_once(corbado: Corbado, settings: LazySettings) -> None:
    add_users(5)
    settings.CORBADO_API_SECRET = "corbado1_wrong"
    output, code = run()
    assert code == 2
    assert "check CORBADO_PROJECT_ID, CORBADO_API_SECRET" in output
    assert len(corbado.requests) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "failure", [{"status": 500}, {"status": 429}, {"drop": True}, {"body": "garbage"}]
)
def test_a_failure_is_tried_again(corbado: Corbado, failure: dict[str, Any]) -> None:
    add_users(3)
    corbado.fail_next(USERS, method="POST", times=2, **failure)
    assert run()[1] == 0
    assert moved() == 3


@pytest.mark.django_db
def test_who_gets_no_answer_is_refused_and_the_next_run_looks_first(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_users(2)
    corbado.fail_next(USERS, method="POST", status=500, times=ImpatientMigration._tries)
    output, code = run()
    assert code == 1
    assert "1 no_answer" in output
    assert run()[1] == 0
    assert moved() == 2
    assert [request.method for request in corbado.requests][-2:] == ["GET", "POST"]


@pytest.mark.django_db
def test_a_run_of_failures_stops_it(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImpatientMigration, "_failures_in_a_row", 6)
    monkeypatch.setattr(ImpatientMigration, "_first_wait", 0.0)
    add_users(30)
    corbado.fail_next("*", status=503, times=0)
    output, code = run()
    assert code == 2
    assert "6 failures in a row" in output
    assert len(corbado.requests) == 6
    assert not MigrationLease.objects.exists()


@pytest.mark.django_db
def test_retry_after_pauses_everybody(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(RateLimiter, "pause", lambda _self, seconds: pauses.append(seconds))
    add_users(2)
    corbado.fail_next(USERS, method="POST", status=503, retry_after="7")
    assert run()[1] == 0
    assert pauses == [7]


@pytest.mark.django_db
def test_a_limited_rate_costs_no_user_a_try(corbado: Corbado) -> None:
    add_users(1)
    corbado.fail_next(USERS, method="POST", status=429, times=ImpatientMigration._tries + 3)
    assert run()[1] == 0


@pytest.mark.django_db
def test_a_database_that_fails_stops_it(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise DatabaseError("canary")

    monkeypatch.setattr(records, "_close_attempts", fail)
    add_users(2)
    get_user_model().objects.update(is_active=False)
    output, code = run()
    assert code == 2
    assert "The database failed (DatabaseError)" in output
    assert "canary" not in output
