"""The command moves many users: in pages, with threads, beside others, killed and run again."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from corbado_auth.bulk_migration import MOST_IN_FLIGHT, Halt, Pace, claims, progress, walk
from corbado_auth.bulk_migration.pace import LATE, Stopped
from corbado_auth.corbado_api.transport import CONNECTIONS_KEPT
from corbado_auth.existing_users.migration import UserMigration
from corbado_auth.existing_users.outcomes import REASONS, Outcome
from corbado_auth.models import CorbadoAccount, MigrationAttempt
from corbado_auth.testing import Corbado
from tests.support.impatient import ImpatientMigration
from tests.support.scripted_corbado import ScriptedCorbado
from tests.support.worker import start_worker

HERE = __name__
USERS = "/v1/users"
FAST = ("--concurrency=1", "--rate=100000")
MakeUser = Callable[..., AbstractBaseUser]


@pytest.fixture(autouse=True)
def _impatient(settings: LazySettings) -> None:
    settings.CORBADO_USER_MIGRATION = "tests.support.impatient.ImpatientMigration"


def run(*arguments: str) -> tuple[str, int]:
    """Run the command in this process; return what it prints and its exit code."""
    out = io.StringIO()
    try:
        call_command("corbado_migrate_users", *FAST, *arguments, stdout=out, no_color=True)
    except CommandError as error:
        return f"{out.getvalue()}\n{error}", error.returncode
    return out.getvalue(), 0


def add_users(number: int) -> list[Any]:
    """Save so many users who may move, quickly."""
    model = get_user_model()
    return model._default_manager.bulk_create(
        model(username=f"user{number}", email=f"user{number}@example.com")
        for number in range(number)
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def moved() -> int:
    return CorbadoAccount.objects.count()


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
def test_somebody_refused_is_exit_code_1(corbado: Corbado, make_user: MakeUser) -> None:
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
    assert "3 already_linked" in output


@pytest.mark.django_db
def test_how_somebody_moved_stays_written(corbado: Corbado) -> None:
    add_users(1)
    run()
    run()
    assert MigrationAttempt.objects.get().outcome == "created"


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
def test_a_limit_counts_those_about_whom_corbado_is_asked(
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
def test_only_addresses_of_the_file_move(corbado: Corbado, tmp_path: Path) -> None:
    add_users(5)
    file = tmp_path / "addresses.txt"
    file.write_text(
        "\ufeffUser1@Example.com\n\nuser1@example.com\n user3@example.com\nx@y.example\n"
    )
    output, code = run(f"--emails-from={file}")
    assert (code, moved()) == (0, 2)
    assert "1 addresses of the file that nobody here has" in output


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
def test_pages_meet_every_user_once(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "PAGE", 2)
    add_users(5)
    run()
    assert (moved(), len(corbado.requests)) == (5, 5)


@pytest.mark.django_db
def test_a_page_of_finished_users_costs_few_queries(corbado: Corbado) -> None:
    add_users(20)
    run()
    with CaptureQueriesContext(connection) as queries:
        run()
    assert len(queries) <= 12


# The report ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_report_has_a_row_for_each_user(
    corbado: Corbado, make_user: MakeUser, tmp_path: Path
) -> None:
    (ada,) = add_users(1)
    nobody = make_user("", username="nobody")
    path = tmp_path / "report.csv"
    run(f"--report={path}")
    rows = {row["user"]: row for row in rows_of(path)}
    account = CorbadoAccount.objects.get()
    assert rows[str(ada.pk)] == {
        "user": str(ada.pk),
        "outcome": "created",
        "reason": "",
        "meaning": "",
        "corbado_user_id": account.corbado_user_id,
    }
    assert rows[str(nobody.pk)]["meaning"] == REASONS["no_email"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.django_db
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_the_report_can_be_json(corbado: Corbado, tmp_path: Path, suffix: str) -> None:
    add_users(2)
    path = tmp_path / f"report{suffix}"
    run(f"--report={path}")
    text = path.read_text()
    rows = json.loads(text) if suffix == ".json" else list(map(json.loads, text.splitlines()))
    assert [row["outcome"] for row in rows] == ["created", "created"]


@pytest.mark.django_db
def test_an_empty_report_is_json_all_the_same(corbado: Corbado, tmp_path: Path) -> None:
    run(f"--report={tmp_path / 'report.json'}")
    assert json.loads((tmp_path / "report.json").read_text()) == []


@pytest.mark.django_db
def test_addresses_are_in_the_report_only_when_asked_for(corbado: Corbado, tmp_path: Path) -> None:
    add_users(1)
    path = tmp_path / "report.csv"
    run("--dry-run", f"--report={path}")
    assert "@" not in path.read_text()
    run("--dry-run", f"--report={path}", "--report-emails")
    assert rows_of(path)[0]["email"] == "user0@example.com"


@pytest.mark.django_db
def test_an_address_is_no_formula_in_a_spreadsheet(
    corbado: Corbado, make_user: MakeUser, tmp_path: Path
) -> None:
    make_user("=1+1@example.com")
    path = tmp_path / "report.csv"
    run("--dry-run", f"--report={path}", "--report-emails")
    assert rows_of(path)[0]["email"] == "'=1+1@example.com"


@pytest.mark.django_db
def test_after_several_runs_the_last_report_names_everybody(
    corbado: Corbado, tmp_path: Path
) -> None:
    add_users(4)
    run("--limit=2")
    run(f"--report={tmp_path / 'report.csv'}")
    reported = {row["user"]: row["corbado_user_id"] for row in rows_of(tmp_path / "report.csv")}
    assert reported == {
        str(account.user_id): account.corbado_user_id for account in CorbadoAccount.objects.all()
    }


# Bad input -------------------------------------------------------------------------------------

BAD_INPUT = {
    "unknown-filter": (["--filter=staff"], "listed: customers, sliced"),
    "slice": (["--filter=sliced"], "use --limit"),
    "too-many-threads": (["--concurrency=33"], "1 to 32"),
    "report-of-no-kind": (["--report=report.txt"], ".csv, .json or .jsonl"),
    "report-nowhere": (["--report=/nowhere/report.csv"], "No such file"),
    "addresses-nowhere": (["--emails-from=/nowhere/addresses.txt"], "No such file"),
    "no-addresses": (["--emails-from=/dev/null"], "holds no address"),
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
def test_a_database_without_an_answer_is_exit_code_2(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """And not 1, which says that somebody was refused."""

    def failing(_self: object) -> int:
        raise OperationalError

    monkeypatch.setattr(walk.Scope, "count", failing)
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
    for word in ("--dry-run", "examples:", "exit code", "run again", "SQLite"):
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
    corbado.fail_next(USERS, method="POST", status=500, times=ImpatientMigration.tries)
    output, code = run()
    assert code == 1
    assert "1 no_answer" in output
    assert run()[1] == 0
    assert moved() == 2
    assert [request.method for request in corbado.requests][-2:] == ["GET", "POST"]


@pytest.mark.django_db
def test_a_run_of_failures_stops_it(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImpatientMigration, "failures_in_a_row", 6)
    monkeypatch.setattr(ImpatientMigration, "first_wait", 0.0)
    add_users(30)
    corbado.fail_next("*", status=503, times=0)
    output, code = run()
    assert code == 2
    assert "6 failures in a row" in output
    assert len(corbado.requests) == 6
    assert not MigrationAttempt.objects.filter(claimed_until__isnull=False).exists()


@pytest.mark.django_db
def test_retry_after_pauses_everybody(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Pace, "pause", lambda _self, seconds: pauses.append(seconds))
    add_users(2)
    corbado.fail_next(USERS, method="POST", status=503, retry_after="7")
    assert run()[1] == 0
    assert pauses == [7]


@pytest.mark.django_db
def test_a_limited_rate_costs_nobody_a_try(corbado: Corbado) -> None:
    add_users(1)
    corbado.fail_next(USERS, method="POST", status=429, times=ImpatientMigration.tries + 3)
    assert run()[1] == 0


@pytest.mark.django_db
def test_a_report_that_cannot_be_begun_is_exit_code_2(corbado: Corbado, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.symlink_to("/dev/full")
    output, code = run(f"--report={report}")
    assert code == 2
    assert "No space left on device" in output


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_a_report_on_a_full_disk_is_closed(corbado: Corbado, tmp_path: Path, kind: str) -> None:
    report = tmp_path / f"report.{kind}"
    report.symlink_to("/dev/full")
    add_users(2)
    output, code = run(f"--report={report}")
    assert code == 2
    assert "No space left on device" in output
    gc.collect()  # A file that is still open is a warning, and with that an error.


@pytest.mark.django_db
def test_a_full_disk_stops_it(
    corbado: Corbado, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("corbado_auth.bulk_migration.Report.add", full)
    add_users(2)
    output, code = run(f"--report={tmp_path / 'report.csv'}")
    assert code == 2
    assert "No space left on device" in output


@pytest.mark.django_db
def test_a_database_that_fails_stops_it(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise DatabaseError("canary")

    monkeypatch.setattr(UserMigration, "record", fail)
    add_users(2)
    get_user_model().objects.update(is_active=False)
    output, code = run()
    assert code == 2
    assert "The database failed (DatabaseError)" in output
    assert "canary" not in output


@pytest.mark.django_db
def test_an_error_of_the_site_is_not_hidden(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(UserMigration, "full_name", fail)
    add_users(2)
    with pytest.raises(ZeroDivisionError):
        run()
    assert not MigrationAttempt.objects.filter(claimed_until__isnull=False).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_summary(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = signal.getsignal(number)
    migrate = UserMigration.migrate

    def interrupted(self: UserMigration, user: Any) -> Outcome:
        os.kill(os.getpid(), number)
        return migrate(self, user)

    monkeypatch.setattr(UserMigration, "migrate", interrupted)
    add_users(5)
    output, code = run()
    assert code == 2
    assert signal.Signals(number).name in output
    assert moved() <= 1
    assert signal.getsignal(number) == before


# Pace, claims, progress ------------------------------------------------------------------------


def test_turns_are_given_out_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves only by waiting."""
    clock, halt = [100.0], Halt()
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(halt, "wait", lambda seconds: clock.append(clock.pop() + max(0, seconds)))
    pace = Pace(4, halt)
    taken = [pace.take_turn() or clock[0] for _turn in range(9)]
    assert taken[-1] - taken[0] == pytest.approx(2 - LATE)


def test_a_pause_holds_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, halt = [100.0], Halt()
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(halt, "wait", lambda seconds: clock.append(clock.pop() + max(0, seconds)))
    pace = Pace(1000, halt)
    pace.pause(30)
    pace.take_turn()
    assert clock[0] == pytest.approx(130)


def test_turns_that_are_due_are_given_out_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    pace = Pace(10, Halt())
    assert pace.turns(100) == 1 + int(LATE * 10)
    assert pace.turns(100) == 0
    clock[0] += 0.3
    assert (pace.turns(2), pace.turns(0), pace.turns(100)) == (2, 0, 1)


def test_no_turn_is_due_in_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    pace = Pace(10, Halt())
    pace.pause(30)
    assert (pace.turns(5), pace.is_paused) == (0, True)
    clock[0] += 30
    assert (pace.turns(5), pace.is_paused) == (5, False)


def test_nobody_has_a_turn_after_the_halt() -> None:
    halt = Halt()
    halt.stop("first")
    halt.stop("second")
    with pytest.raises(Stopped):
        Pace(1000, halt).take_turn()
    assert halt.reason == "first"


def test_as_many_requests_are_in_flight_as_connections_are_kept() -> None:
    assert MOST_IN_FLIGHT == CONNECTIONS_KEPT


def claim(user: Any, corbado: Corbado, *, seconds: int, worker: str = "elsewhere:1:x") -> None:
    MigrationAttempt.objects.create(
        user_id=user.pk,
        project_id=corbado.settings["CORBADO_PROJECT_ID"],
        worker=worker,
        claimed_until=timezone.now() + timedelta(seconds=seconds),
    )


@pytest.mark.django_db
def test_a_claim_that_ran_out_is_taken_over(corbado: Corbado) -> None:
    users = add_users(2)
    claim(users[0], corbado, seconds=-1)
    assert run()[1] == 0
    assert moved() == 2


@pytest.mark.django_db
def test_the_claim_of_a_killed_process_of_this_host_is_taken_over(corbado: Corbado) -> None:
    users = add_users(2)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host = claims.Claims(Halt()).worker.split(":")[0]
    claim(users[0], corbado, seconds=100, worker=f"{host}:{process.pid}:x")
    assert run()[1] == 0
    assert moved() == 2


@pytest.mark.django_db
def test_a_database_that_cannot_skip_locked_rows_has_one_worker_at_a_time(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims.Claims, "several_workers", False)
    claim(add_users(2)[0], corbado, seconds=100)
    output, code = run()
    assert code == 2
    assert "allows one at a time" in output
    assert corbado.requests == []


@pytest.mark.django_db
def test_claims_last_as_long_as_the_work(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "CLAIM_SECONDS", 1)
    mine = claims.Claims(Halt())
    (user,) = add_users(1)
    assert set(mine.take([user.pk])) == {user.pk}
    before = MigrationAttempt.objects.get().claimed_until
    mine.renew_in_time()
    assert MigrationAttempt.objects.get().claimed_until == before
    monkeypatch.setattr(claims, "RENEW_SECONDS", 0)
    mine.renew_in_time()
    assert MigrationAttempt.objects.get().claimed_until > before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "finished", "is_free"),
    [
        pytest.param(60, None, False, id="held"),
        pytest.param(-1, None, True, id="run out"),
        pytest.param(None, None, True, id="given back"),
        pytest.param(None, 1, False, id="finished since we began"),
        pytest.param(None, -60, True, id="finished before"),
    ],
)
def test_of_other_workers_rows_the_free_ones_are_claimed(
    corbado: Corbado, seconds: int | None, finished: int | None, is_free: bool
) -> None:
    def after(number: int | None) -> Any:
        return None if number is None else timezone.now() + timedelta(seconds=number)

    theirs, new = add_users(2)
    MigrationAttempt.objects.create(
        user=theirs, project_id=corbado.settings["CORBADO_PROJECT_ID"], worker="other:1:x",
        claimed_until=after(seconds), finished_at=after(finished),
    )  # fmt: skip
    mine = claims.Claims(Halt())
    assert set(mine.take([theirs.pk, new.pk])) == ({theirs.pk, new.pk} if is_free else {new.pk})
    assert set(mine.take([theirs.pk, new.pk])) == set()


@pytest.mark.django_db(transaction=True)
def test_a_deleted_user_cannot_be_claimed(corbado: Corbado) -> None:
    gone, here = add_users(2)
    get_user_model().objects.filter(username="user0").delete()
    assert set(claims.Claims(Halt()).take([gone.pk, here.pk])) == {here.pk}


@pytest.mark.django_db
def test_without_a_terminal_progress_is_plain_lines(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    add_users(4)
    output, _code = run()
    assert "3 of 4 users (75%)" in output
    assert "left, 0 refused" in output


def test_on_a_terminal_progress_is_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen, said = Terminal(), []
    with progress.Progress(4, said.append, screen) as bar:
        bar.add(Outcome("created"))
    assert "/4" in screen.getvalue()
    assert said == []


# Processes: killed, and side by side -----------------------------------------------------------


class Site:
    """The site's database as other processes see it."""

    def __init__(self, folder: Path) -> None:
        self.database: dict[str, Any] = {
            name: connection.settings_dict[name]
            for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
        }
        if connection.vendor == "sqlite":
            self.database = {
                "ENGINE": connection.settings_dict["ENGINE"],
                "NAME": str(folder / "site.sqlite3"),
                # Processes are killed here, not machines.
                "OPTIONS": {"init_command": "PRAGMA synchronous=OFF"},
            }
            with connection.cursor() as cursor:
                cursor.execute(f"VACUUM INTO '{self.database['NAME']}'")

    def accounts(self) -> dict[str, str]:
        """Return the Corbado user ID of each user who has one, by email."""
        sql = (
            "SELECT u.email, a.corbado_user_id FROM auth_user u "
            "JOIN corbado_auth_corbadoaccount a ON a.user_id = u.id"
        )
        if connection.vendor == "sqlite":
            import sqlite3

            with closing(sqlite3.connect(self.database["NAME"])) as database:
                rows = database.execute(sql).fetchall()
        else:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                rows = cursor.fetchall()
        assert len(rows) == len(dict(rows))
        return dict(rows)


ODD = (
    {"email": "", "username": "empty"},
    {"email": "not an address", "username": "invalid"},
    {"email": "shared@example.com", "username": "shared-1"},
    {"email": "Shared@example.com", "username": "shared-2"},
    {"email": "inactive@example.com", "username": "inactive", "is_active": False},
    {"email": "staff@example.com", "username": "staff", "is_staff": True},
)
ELIGIBLE = 210
KILLED_AT = (30, 90, 170)


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Site:
    model = get_user_model()
    add_users(ELIGIBLE)
    model._default_manager.bulk_create(model(**fields) for fields in ODD)
    return Site(tmp_path)


def in_agreement(site: Site, corbado: ScriptedCorbado, report: Path) -> None:
    """Assert that every eligible user has one Corbado user and one row, and the report says so."""
    at_corbado = {address: user_id for address, (user_id, _time) in corbado.users.items()}
    assert set(at_corbado) == {f"user{number}@example.com" for number in range(ELIGIBLE)}
    assert site.accounts() == at_corbado
    rows = rows_of(report)
    assert len(rows) == len({row["user"] for row in rows}) == ELIGIBLE + len(ODD)
    reported = {row["email"]: row["corbado_user_id"] for row in rows if row["corbado_user_id"]}
    assert reported == at_corbado


def test_killed_three_times_everybody_has_one_corbado_user(site: Site, tmp_path: Path) -> None:
    """Each kill comes after Corbado made a user and before we are told."""
    report = tmp_path / "report.csv"
    arguments = ("--concurrency=4", "--rate=100000", f"--report={report}", "--report-emails")
    kills = 0
    with ScriptedCorbado(faults=0.05) as corbado:
        while True:
            worker = start_worker(site.database, corbado.url, *arguments)

            def kill_at_the_worst_moment(process: int = worker.pid) -> None:
                if len(corbado.users) in KILLED_AT:
                    os.kill(process, signal.SIGKILL)

            corbado.on_create = kill_at_the_worst_moment
            output = worker.communicate(timeout=60)
            if worker.returncode != -signal.SIGKILL:
                break
            kills += 1
    assert kills == len(KILLED_AT)
    assert worker.returncode == 1, output
    assert corbado.calls["lost"]
    in_agreement(site, corbado, report)


@pytest.mark.server
def test_two_workers_share_the_work(site: Site, tmp_path: Path) -> None:
    arguments = ("--concurrency=4", "--rate=100000")
    with ScriptedCorbado(faults=0.05, delay=0.01) as corbado:
        workers = [start_worker(site.database, corbado.url, *arguments) for _worker in range(2)]
        outputs = [worker.communicate(timeout=60) for worker in workers]
        assert [worker.returncode for worker in workers] == [1, 1], outputs
        created = [int(output[0].split(" created")[0].split()[-1]) for output in outputs]
        assert sum(created) == ELIGIBLE
        report = tmp_path / "report.csv"
        last = start_worker(
            site.database, corbado.url, *arguments, f"--report={report}", "--report-emails"
        )
        last.communicate(timeout=60)
    in_agreement(site, corbado, report)


@pytest.mark.server
def test_a_worker_takes_over_from_one_that_was_killed(site: Site, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    arguments = ("--concurrency=4", "--rate=100000", f"--report={report}", "--report-emails")
    with ScriptedCorbado(delay=0.01) as corbado:
        first = start_worker(site.database, corbado.url, *arguments)

        def kill_the_first() -> None:
            if len(corbado.users) == KILLED_AT[0]:
                os.kill(first.pid, signal.SIGKILL)

        corbado.on_create = kill_the_first
        first.communicate(timeout=60)
        second = start_worker(site.database, corbado.url, *arguments)
        output = second.communicate(timeout=60)
    assert second.returncode == 1, output
    in_agreement(site, corbado, report)


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_no_user_row_is_locked_while_corbado_is_asked(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user,) = add_users(1)
    locked: list[bool] = []
    migrate = UserMigration.migrate

    def look(self: UserMigration, each: Any) -> Outcome:
        from concurrent.futures import ThreadPoolExecutor

        def sign_in() -> int:
            try:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SET lock_timeout = '1s'"
                        if connection.vendor == "postgresql"
                        else "SET innodb_lock_wait_timeout = 1"
                    )
                return int(get_user_model().objects.update(last_login=timezone.now()))
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            locked.append(pool.submit(sign_in).result() != 1)
        return migrate(self, each)

    monkeypatch.setattr(UserMigration, "migrate", look)
    assert run()[1] == 0
    assert locked == [False]
    assert not connection.in_atomic_block
