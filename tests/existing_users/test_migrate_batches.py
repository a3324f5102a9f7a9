"""Many users at once: few statements for all of them, and the guarantees of one user's move."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from corbado_auth.bulk_migration import BulkMigration, Halt, Pace, batches, crew, run
from corbado_auth.bulk_migration.claims import Claims
from corbado_auth.bulk_migration.crew import FRESH, Crew, Result
from corbado_auth.bulk_migration.walk import Scope
from corbado_auth.conf import conf
from corbado_auth.existing_users.migration import UserMigration
from corbado_auth.existing_users.outcomes import Outcome, Question
from corbado_auth.models import CorbadoAccount, MigrationAttempt, MigrationAttemptQuerySet
from corbado_auth.signals import account_linked
from corbado_auth.testing import Corbado
from tests.support.scripted_corbado import ScriptedCorbado

MakeUser = Callable[..., AbstractBaseUser]
THREADS = 4


@pytest.fixture(autouse=True)
def _impatient(settings: LazySettings) -> None:
    settings.CORBADO_USER_MIGRATION = "tests.support.impatient.ImpatientMigration"


@pytest.fixture
def corbado_with_threads(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedCorbado]:
    """Answer after so long that requests overlap.

    However slow the machine, no question grows old: a thread would write it down anew, and
    SQLite in memory is another, empty database to it.
    """
    monkeypatch.setattr(crew, "FRESH", timedelta(hours=1))
    with ScriptedCorbado(delay=0.01) as corbado:
        settings.CORBADO_BACKEND_API_URL = corbado.url
        yield corbado


def add_users(number: int) -> list[Any]:
    model = get_user_model()
    return model._default_manager.bulk_create(
        model(username=f"user{number}", email=f"user{number}@example.com")
        for number in range(number)
    )


def move_all(*arguments: str) -> tuple[str, int]:
    """Run the command with threads, in this process."""
    out = io.StringIO()
    fast = ("--rate=100000", f"--concurrency={THREADS}")
    try:
        call_command("corbado_migrate_users", *fast, *arguments, stdout=out, no_color=True)
    except CommandError as error:
        return f"{out.getvalue()}\n{error}", error.returncode
    return out.getvalue(), 0


def considered(migration: UserMigration) -> list[Any]:
    return list(migration.considered.order_by("pk"))


def created(*users: Any) -> list[tuple[Any, Outcome]]:
    return [(user, Outcome("created", "", f"usr-{user.pk}")) for user in users]


# The run ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_everybody_moves_once(corbado_with_threads: ScriptedCorbado) -> None:
    add_users(70)
    output, code = move_all()
    assert code == 0
    assert "70 created" in output
    assert corbado_with_threads.calls["all"] == 70
    at_corbado = {user_id for user_id, _time in corbado_with_threads.users.values()}
    assert set(CorbadoAccount.objects.values_list("corbado_user_id", flat=True)) == at_corbado
    assert MigrationAttempt.objects.filter(outcome="created", claimed_until=None).count() == 70


@pytest.mark.django_db
def test_no_more_requests_are_in_flight_than_agreed(corbado_with_threads: ScriptedCorbado) -> None:
    add_users(30)
    move_all()
    assert corbado_with_threads.most_in_flight == THREADS


@pytest.mark.django_db
def test_the_questions_time_is_written_before_it_is_asked(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request's mark is in the database by the time the thread asks."""
    written: set[str] = set()
    asked: list[str] = []
    note = batches.note_questions

    def noting(*arguments: Any) -> Any:
        questions = note(*arguments)
        rows = MigrationAttempt.objects.filter(asked_at__isnull=False)
        written.update(rows.values_list("request_id", flat=True))
        return questions

    ask = UserMigration.ask

    def asking(self: UserMigration, user: Any, question: Question | None = None) -> Outcome:
        assert question is not None
        asked.append(question.request_id)
        assert question.request_id in written
        return ask(self, user, question)

    monkeypatch.setattr(run, "note_questions", noting)
    monkeypatch.setattr(UserMigration, "ask", asking)
    add_users(20)
    assert move_all()[1] == 0
    assert len(set(asked)) == 20


@pytest.mark.django_db
def test_a_signal_lets_the_calls_in_flight_end_and_writes_what_came_of_them(
    corbado_with_threads: ScriptedCorbado,
) -> None:
    def interrupt() -> None:
        if len(corbado_with_threads.users) == 10:
            os.kill(os.getpid(), signal.SIGTERM)

    corbado_with_threads.on_create = interrupt
    add_users(100)
    output, code = move_all()
    assert code == 2
    assert "SIGTERM" in output
    assert 10 <= len(corbado_with_threads.users) < 100
    assert CorbadoAccount.objects.count() == len(corbado_with_threads.users)
    assert not MigrationAttempt.objects.filter(claimed_until__isnull=False).exists()
    assert move_all()[1] == 0
    assert (CorbadoAccount.objects.count(), len(corbado_with_threads.users)) == (100, 100)


@pytest.mark.django_db
def test_an_error_of_the_site_in_a_thread_is_not_hidden(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: UserMigration, user: Any) -> str:
        if user.username == "user3":
            raise ZeroDivisionError
        return "Somebody"

    monkeypatch.setattr(UserMigration, "full_name", fail)
    add_users(5)
    with pytest.raises(ZeroDivisionError):
        move_all()
    assert CorbadoAccount.objects.count() == len(corbado_with_threads.users)


@pytest.mark.django_db
@pytest.mark.parametrize(("fresh", "reason"), [(-1, "inactive"), (3600, "")])
def test_who_was_read_too_long_ago_is_read_again(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch, fresh: int, reason: str
) -> None:
    """At ten requests a second the last of a page waits for twenty seconds."""
    take = Claims.take

    def taking(self: Claims, user_ids: Any, **more: Any) -> Any:
        claims = take(self, user_ids, **more)
        get_user_model().objects.filter(username="user1").update(is_active=False)
        return claims

    monkeypatch.setattr(run, "FRESH", fresh)
    monkeypatch.setattr(Claims, "take", taking)
    add_users(3)
    move_all()
    assert len(corbado_with_threads.users) == (2 if reason else 3)
    assert MigrationAttempt.objects.get(user__username="user1").reason == reason


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_lost_answer_is_looked_for_first(corbado_with_threads: ScriptedCorbado) -> None:
    """The claim tells of it: asking once more, Corbado would call the address taken."""
    add_users(2)
    move_all("--limit=1")
    CorbadoAccount.objects.all().delete()  # As if it had been killed before it wrote the row.
    MigrationAttempt.objects.update(asked_at=timezone.now(), finished_at=None, outcome="")
    output, code = move_all()
    assert code == 0
    assert "2 created" in output


# Other workers ---------------------------------------------------------------------------------


def after_each_claim(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen between a claim and the question."""
    take = Claims.take

    def taking(self: Claims, user_ids: Any, **more: Any) -> Any:
        claims = take(self, user_ids, **more)
        happens()
        return claims

    monkeypatch.setattr(Claims, "take", taking)


def held(user: Any, *, worker: str, seconds: int) -> None:
    MigrationAttempt.objects.create(
        user=user, project_id=conf.CORBADO_PROJECT_ID, worker=worker,
        claimed_until=timezone.now() + timedelta(seconds=seconds),
    )  # fmt: skip


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_stopped_for_minutes_and_goes_on_is_not_contradicted(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim ran out and is ours; then it moves the user all the same, before we ask."""
    _first, user, _last = add_users(3)
    held(user, worker="elsewhere:1:x", seconds=-1)
    after_each_claim(monkeypatch, lambda: UserMigration().migrate(user))
    assert move_all()[1] == 0
    assert MigrationAttempt.objects.get(user=user).outcome == "created"
    assert CorbadoAccount.objects.count() == len(corbado_with_threads.users) == 3


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_whom_a_worker_held_that_dies_after_we_went_past_is_moved_in_the_end(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    _first, user, _last = add_users(3)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    host = Claims(Halt()).worker.split(":")[0]
    held(user, worker=f"{host}:{other.pid}:x", seconds=100)

    def dies() -> None:
        other.kill()
        other.wait()

    after_each_claim(monkeypatch, dies)
    assert move_all()[1] == 0
    assert CorbadoAccount.objects.filter(user=user).exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_whom_a_worker_gives_back_is_moved_in_the_end(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    _first, user, _last = add_users(3)
    held(user, worker="elsewhere:1:x", seconds=100)
    given_back = MigrationAttempt.objects.filter(worker="elsewhere:1:x")
    after_each_claim(monkeypatch, lambda: given_back.update(claimed_until=None))
    assert move_all()[1] == 0
    assert CorbadoAccount.objects.filter(user=user).exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_waiting_for_other_workers_writes_nothing(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user,) = add_users(1)
    held(user, worker="elsewhere:1:x", seconds=1)
    ensured: list[Any] = []
    monkeypatch.setattr(MigrationAttemptQuerySet, "ensure", lambda *args, **_: ensured.append(args))
    monkeypatch.setattr(run, "PATIENCE", 0.1)
    assert move_all()[1] == 0
    assert len(ensured) == 1
    assert CorbadoAccount.objects.filter(user=user).exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["inactive", "deleted"])
def test_who_changes_in_a_pause_is_read_again(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Corbado may ask for a quarter of an hour, and the questions are written by then."""
    _first, user, _last = add_users(3)
    monkeypatch.setattr(crew, "FRESH", timedelta(seconds=-1))  # Each of them has waited.
    note = batches.note_questions

    def noting(*arguments: Any) -> Any:
        questions = note(*arguments)
        rows = get_user_model().objects.filter(pk=user.pk)
        rows.update(is_active=False) if how == "inactive" else rows.delete()
        return questions

    monkeypatch.setattr(run, "note_questions", noting)
    output, code = move_all()
    assert code == 0, output
    assert user.email not in corbado_with_threads.users
    assert CorbadoAccount.objects.count() == 2
    assert not MigrationAttempt.objects.filter(user_id=user.pk, asked_at__isnull=False).exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_is_deleted_while_corbado_is_asked_ends_no_run(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    _first, user, _last = add_users(3)
    corbado_with_threads.users[user.email] = ("usr-x", time.time())
    create = UserMigration._create

    def creating(self: UserMigration, user: Any, address: str, question: Question) -> Any:
        answer = create(self, user, address, question)
        if answer is None:
            get_user_model().objects.filter(pk=user.pk).delete()
        return answer

    monkeypatch.setattr(UserMigration, "_create", creating)
    output, code = move_all()
    assert code == 1, output
    assert CorbadoAccount.objects.count() == 2
    assert not MigrationAttempt.objects.filter(user_id=user.pk).exists()


def bulk_migration(halt: Halt) -> BulkMigration:
    return BulkMigration(UserMigration(), Pace(1000, halt), halt, lambda *_: None, concurrency=32)


@pytest.mark.django_db
@pytest.mark.parametrize("is_halted", [False, True])
def test_a_few_do_not_wait_until_the_walk_is_over(corbado: Corbado, is_halted: bool) -> None:
    """They are handed out with their page; but nobody is, once the run is to end."""
    halt = Halt()
    bulk = bulk_migration(halt)
    add_users(1)
    if is_halted:
        halt.stop("Another worker is at work.")
    (page,) = Scope(get_user_model().objects.all()).pages()
    bulk._do(page)
    assert len(bulk._waiting) == (1 if is_halted else 0)
    assert bulk._crew.under_way == (0 if is_halted else 1)


def test_as_many_are_under_way_as_come_back_in_a_while() -> None:
    bulk = bulk_migration(Halt())
    least, since = bulk._most_under_way, bulk._counted_since
    bulk._note_speed(500, since + run.TICK)
    # A burst: what it says of the speed is not known yet.
    assert bulk._most_under_way == least
    bulk._note_speed(0, since + 2 * run.AHEAD_SECONDS)
    assert bulk._most_under_way == pytest.approx(250, abs=1)
    bulk._note_speed(32, since + 4 * run.AHEAD_SECONDS)
    assert bulk._most_under_way == least


@pytest.mark.django_db
def test_who_comes_back_beside_an_error_is_noted_all_the_same(corbado: Corbado) -> None:
    noted: list[Any] = []
    halt = Halt()
    bulk = BulkMigration(
        UserMigration(), Pace(1000, halt), halt, lambda user, _outcome: noted.append(user.pk)
    )
    (user,) = add_users(1)
    results = [Result(None, ZeroDivisionError()), Result(user, Outcome("created"))]
    with pytest.raises(ZeroDivisionError):
        bulk._take_back(results)
    assert noted == [user.pk]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["look_again", "note_questions", "settle"])
def test_a_failure_of_the_database_that_passes_costs_nobody(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Each of them is moved alone then: looked at, and asked about once."""
    works, failed = getattr(run, step), []

    def failing(migration: UserMigration, given: Any) -> Any:
        if given and not failed:
            failed.append(given)
            raise OperationalError
        return works(migration, given)

    monkeypatch.setattr(run, step, failing)
    monkeypatch.setattr(run, "FRESH", -1)  # Everybody was read too long ago.
    add_users(20)
    assert move_all()[1] == 0
    assert failed
    assert (CorbadoAccount.objects.count(), len(corbado_with_threads.users)) == (20, 20)


# The statements --------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 50])
def test_the_statements_do_not_grow_with_the_users(
    corbado: Corbado, django_assert_num_queries: Any, number: int
) -> None:
    migration = UserMigration()
    migration.prepare()
    users = add_users(number)
    MigrationAttempt.objects.ensure(corbado.settings["CORBADO_PROJECT_ID"], [u.pk for u in users])
    with django_assert_num_queries(1):
        ask, _rest = batches.look_again(migration, users)
    assert len(ask) == number
    with CaptureQueriesContext(connection) as queries:
        assert len(batches.note_questions(migration, ask)) == number
        batches.settle(migration, created(*ask))
    statements = [query["sql"].split()[0] for query in queries]
    statements = [each for each in statements if each in {"SELECT", "INSERT", "UPDATE"}]
    # The questions; the accounts; the outcomes.
    assert statements == ["UPDATE", "INSERT", "UPDATE"]


@pytest.mark.django_db
def test_one_user_alone_takes_few_statements(corbado: Corbado) -> None:
    migration = UserMigration()
    migration.prepare()
    (user,) = add_users(1)
    MigrationAttempt.objects.ensure(corbado.settings["CORBADO_PROJECT_ID"], [user.pk])
    with CaptureQueriesContext(connection) as queries:
        migration.migrate(user)
    statements = [query["sql"].split()[0] for query in queries]
    statements = [each for each in statements if each in {"SELECT", "INSERT", "UPDATE"}]
    # The user as of now; the question; the account; the outcome.
    assert statements == ["SELECT", "UPDATE", "INSERT", "UPDATE"]


@pytest.mark.django_db
def test_what_the_database_says_now_counts(corbado: Corbado) -> None:
    migration = UserMigration()
    users = add_users(3)
    get_user_model().objects.filter(pk=users[0].pk).update(is_active=False)
    get_user_model().objects.filter(pk=users[1].pk).delete()
    ask, rest = batches.look_again(migration, users)
    assert [user.pk for user in ask] == [users[2].pk]
    assert [outcome.reason for _user, outcome in rest] == ["inactive", "gone"]
    assert MigrationAttempt.objects.get(user_id=users[0].pk).reason == "inactive"


@pytest.mark.django_db
def test_a_lost_question_is_not_written_over(corbado: Corbado) -> None:
    """It tells our own Corbado user from a stranger's, until somebody has looked."""
    migration = UserMigration()
    users = add_users(2)
    lost = timezone.now() - timedelta(hours=1)
    MigrationAttempt.objects.create(
        user_id=users[0].pk, project_id=corbado.settings["CORBADO_PROJECT_ID"], asked_at=lost
    )
    _claim(users[1])
    assert set(batches.note_questions(migration, considered(migration))) == {users[1].pk}
    assert MigrationAttempt.objects.get(user_id=users[0].pk).asked_at == lost


@pytest.mark.django_db(transaction=True)
def test_about_somebody_deleted_meanwhile_no_question_is_written(corbado: Corbado) -> None:
    migration = UserMigration()
    _claim(*add_users(2))
    users = considered(migration)
    get_user_model().objects.filter(pk=users[0].pk).delete()
    assert set(batches.note_questions(migration, users)) == {users[1].pk}
    assert MigrationAttempt.objects.get().user_id == users[1].pk


@pytest.mark.django_db(transaction=True)
def test_one_who_cannot_be_tied_holds_up_nobody(corbado: Corbado) -> None:
    migration = UserMigration()
    taken, gone, signed_in, fit = add_users(4)
    other = get_user_model().objects.create(username="other")
    project_id = corbado.settings["CORBADO_PROJECT_ID"]
    CorbadoAccount.objects.create(
        user_id=other.pk, project_id=project_id, corbado_user_id=f"usr-{taken.pk}"
    )
    CorbadoAccount.objects.create(
        user_id=signed_in.pk, project_id=project_id, corbado_user_id="usr-own"
    )
    results = created(taken, gone, signed_in, fit)
    get_user_model().objects.filter(pk=gone.pk).delete()
    reasons = [outcome.reason for _user, outcome in batches.settle(migration, results)]
    assert reasons == ["corbado_user_has_other_account", "gone", "already_linked", ""]
    assert CorbadoAccount.objects.get(user_id=fit.pk).corbado_user_id == f"usr-{fit.pk}"
    assert MigrationAttempt.objects.get(user_id=taken.pk).outcome == "refused"


@pytest.mark.django_db
def test_where_refusals_cannot_be_written_nobody_is_tied(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are looked at again then, and whoever is tied would be reported as skipped."""

    def failing(_self: UserMigration, _user_ids: Any, outcome: Outcome) -> None:
        if not outcome.has_moved:
            raise OperationalError

    ada, bob = add_users(2)
    monkeypatch.setattr(UserMigration, "record", failing)
    with pytest.raises(OperationalError):
        batches.settle(
            UserMigration(), [*created(ada), (bob, Outcome("refused", "taken_at_corbado"))]
        )
    assert not CorbadoAccount.objects.exists()


@pytest.mark.django_db
def test_receivers_hear_of_each_and_know_the_row(
    corbado: Corbado, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[Any] = []

    def receiver(account: CorbadoAccount, **_rest: Any) -> None:
        heard.append(account.pk)

    account_linked.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            batches.settle(UserMigration(), created(*add_users(3)))
    finally:
        account_linked.disconnect(receiver)
    assert heard == list(CorbadoAccount.objects.order_by("pk").values_list("pk", flat=True))
    assert None not in heard


@pytest.mark.django_db
def test_a_database_that_returns_no_rows_ties_everybody_alone(
    corbado_with_threads: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    migration = UserMigration()
    add_users(3)
    users = considered(migration)
    assert len(batches.settle(migration, created(*users))) == 3
    assert CorbadoAccount.objects.count() == 3


def _claim(*users: Any) -> None:
    """Let there be rows, as a claim leaves them."""
    MigrationAttempt.objects.ensure(conf.CORBADO_PROJECT_ID, [user.pk for user in users])


# A thread --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_question_that_waited_too_long_is_written_anew(corbado: Corbado) -> None:
    migration = UserMigration()
    _claim(*add_users(1))
    (user,) = considered(migration)
    questions = batches.note_questions(migration, [user])
    old = Question(questions[user.pk].asked_at - 2 * FRESH, questions[user.pk].request_id)
    halt = Halt()
    result = Crew(migration, Pace(1000, halt), halt, 0).move(user, old)
    assert (result.outcome.kind, result.is_settled) == ("created", False)  # type: ignore[union-attr]
    attempt = MigrationAttempt.objects.get()
    assert attempt.request_id != old.request_id
    assert attempt.request_id == corbado.requests[0].body["requestID"]


@pytest.mark.django_db
def test_nobody_is_asked_about_in_a_pause(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration, halt = UserMigration(), Halt()
    pace = Pace(1000, halt)
    taken: list[None] = []
    monkeypatch.setattr(Pace, "take_turn", lambda _self: taken.append(None))
    _claim(*add_users(1))
    (user,) = considered(migration)
    questions = batches.note_questions(migration, [user])
    pace.pause(60)
    Crew(migration, pace, halt, 0).move(user, questions[user.pk])
    assert len(taken) == 1
