"""Threads ask Corbado; one thread reads and writes, for many users at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.existing_users import UserMigration, migration, records
from corbado_auth.existing_users.bulk import run as bulk_run
from corbado_auth.existing_users.bulk.run import BulkMigration
from corbado_auth.existing_users.outcomes import Outcome
from corbado_auth.existing_users.records import note_questions, settle
from corbado_auth.models import CorbadoAccount, MigrationAttempt
from corbado_auth.testing import Corbado
from tests.support.migration import add_users, moved
from tests.support.migration import run as run_command
from tests.support.scripted_corbado import ScriptedCorbado

THREADS = 4

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def scripted(settings: LazySettings) -> Iterator[ScriptedCorbado]:
    """Answer after so long that requests overlap."""
    with ScriptedCorbado(delay=0.01) as corbado:
        settings.CORBADO_BACKEND_API_URL = corbado.url
        yield corbado


def run(*arguments: str) -> tuple[str, int]:
    return run_command(f"--concurrency={THREADS}", *arguments)


def before(monkeypatch: pytest.MonkeyPatch, name: str, happens: Callable[[Any], object]) -> None:
    """Let something happen before the run notes questions, or settles."""
    works = getattr(bulk_run, name)

    def first(given: Any) -> Any:
        if given:
            happens(given)
        return works(given)

    monkeypatch.setattr(bulk_run, name, first)


def created(*users: Any) -> list[tuple[Any, Outcome]]:
    return [(user, Outcome("created", "", f"usr-{user.pk}")) for user in users]


def statements(queries: CaptureQueriesContext) -> list[str]:
    first = [query["sql"].split()[0] for query in queries]
    return [each for each in first if each in {"SELECT", "INSERT", "UPDATE"}]


# The run ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_everybody_moves_once_with_as_many_requests_in_flight_as_agreed(
    scripted: ScriptedCorbado,
) -> None:
    add_users(70)
    output, code = run()
    assert code == 0
    assert "70 created" in output
    assert scripted.calls["all"] == 70
    assert scripted.most_in_flight == THREADS
    at_corbado = {user_id for user_id, _time in scripted.users.values()}
    assert set(CorbadoAccount.objects.values_list("corbado_user_id", flat=True)) == at_corbado
    assert MigrationAttempt.objects.filter(outcome="created").count() == 70


@pytest.mark.django_db
def test_only_the_thread_that_was_called_uses_the_database_and_the_sites_methods(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site may have set up this connection, for one tenant; lost answers are no exception."""
    here, asked = set[int](), set[int]()
    for owner, name, threads in (
        (BaseDatabaseWrapper, "cursor", here),
        (UserMigration, "check", here),
        (UserMigration, "full_name", here),
        (CorbadoService, "create_user", asked),
        (CorbadoService, "find_users", asked),
        (CorbadoService, "list_passkeys", asked),
    ):
        works = getattr(owner, name)

        def noting(
            *arguments: Any, _works: Any = works, _threads: set[int] = threads, **named: Any
        ) -> Any:
            _threads.add(threading.get_ident())
            return _works(*arguments, **named)

        monkeypatch.setattr(owner, name, noting)
    scripted.faults = 0.3
    add_users(40)
    assert run()[1] == 0
    assert moved() == 40
    assert scripted.calls["lost"]
    assert here == {threading.get_ident()}
    assert threading.get_ident() not in asked


@pytest.mark.django_db
def test_a_question_is_written_down_before_it_is_asked(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: set[str] = set()
    asked: list[str] = []

    def noting(users: Any) -> Any:
        questions = note_questions(users)
        rows = MigrationAttempt.objects.filter(asked_at__isnull=False)
        written.update(rows.values_list("request_id", flat=True))
        return questions

    create = CorbadoService.create_user

    def asking(self: CorbadoService, address: str, **named: Any) -> str | None:
        assert named["request_id"] in written
        asked.append(named["request_id"])
        return create(self, address, **named)

    monkeypatch.setattr(bulk_run, "note_questions", noting)
    monkeypatch.setattr(CorbadoService, "create_user", asking)
    add_users(20)
    assert run()[1] == 0
    assert len(set(asked)) == 20


@pytest.mark.django_db
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_calls_in_flight_end_and_writes_what_came_of_them(
    scripted: ScriptedCorbado, number: signal.Signals
) -> None:
    before = signal.getsignal(number)

    def interrupt() -> None:
        if len(scripted.users) == 10:
            os.kill(os.getpid(), number)

    scripted.on_create = interrupt
    add_users(100)
    output, code = run()
    assert code == 2
    assert number.name in output
    assert signal.getsignal(number) == before
    assert 10 <= len(scripted.users) < 100
    assert moved() == len(scripted.users)
    assert run()[1] == 0
    assert (moved(), len(scripted.users)) == (100, 100)


@pytest.mark.django_db
@pytest.mark.parametrize("where", [(UserMigration, "full_name"), (CorbadoService, "create_user")])
def test_an_error_of_the_site_is_not_hidden_and_costs_no_other_user(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch, where: tuple[type, str]
) -> None:
    owner, name = where
    works = getattr(owner, name)

    def fail(self: object, given: Any, **named: Any) -> Any:
        if {"user1", "user3"} & set(str(given).split("@")):
            raise ZeroDivisionError
        return works(self, given, **named)

    monkeypatch.setattr(owner, name, fail)
    add_users(5)
    with pytest.raises(ZeroDivisionError):
        run()
    assert moved() == len(scripted.users)


# Users who change meanwhile -----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_state_of_the_database_at_the_users_turn_counts(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At five requests a second the last of a page waits for forty seconds."""
    inactive, gone, stays = add_users(3)
    take_in = BulkMigration._take_in

    def taking(self: BulkMigration, page: Any) -> None:
        take_in(self, page)
        users = get_user_model().objects
        users.filter(pk=inactive.pk).update(is_active=False)
        users.filter(pk=gone.pk).delete()

    monkeypatch.setattr(BulkMigration, "_take_in", taking)
    output, code = run()
    assert code == 0
    assert "1 gone" in output
    assert set(scripted.users) == {stays.email}
    assert MigrationAttempt.objects.get(user=inactive).reason == "inactive"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("step", "asked"), [("note_questions", 2), ("settle", 3)])
def test_a_user_deleted_during_the_run_does_not_end_it(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch, step: str, asked: int
) -> None:
    """Just before the question: nobody asks. Just after the answer: the report names them."""
    _first, user, _last = add_users(3)
    before(monkeypatch, step, lambda _given: get_user_model().objects.filter(pk=user.pk).delete())
    output, code = run()
    assert code == 0, output
    assert "1 gone" in output
    assert (moved(), len(scripted.users)) == (2, asked)
    assert not MigrationAttempt.objects.filter(user_id=user.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_who_is_deleted_while_corbado_is_looked_at_is_not_created(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user,) = add_users(1)
    MigrationAttempt.objects.create(
        user=user, project_id=conf.CORBADO_PROJECT_ID, asked_at=timezone.now()
    )

    def deleting(users: Any) -> Any:
        get_user_model().objects.all().delete()
        return note_questions(users)

    monkeypatch.setattr(migration, "note_questions", deleting)
    assert "1 gone" in run()[0]
    assert scripted.calls["all"] == 1  # The look.
    assert not scripted.users


@pytest.mark.django_db
def test_a_lost_answer_is_looked_for_first(scripted: ScriptedCorbado) -> None:
    """Asked once more, Corbado would call the address taken."""
    add_users(2)
    run("--limit=1")
    CorbadoAccount.objects.all().delete()  # As if it had been killed before it wrote the row.
    MigrationAttempt.objects.update(asked_at=timezone.now(), finished_at=None, outcome="")
    output, code = run()
    assert code == 0
    assert "2 created" in output


@pytest.mark.django_db
def test_a_lost_question_is_not_written_over(corbado: Corbado) -> None:
    """It distinguishes our own Corbado user from a stranger's until someone has looked."""
    (user,) = add_users(1)
    lost = timezone.now() - timedelta(hours=1)
    MigrationAttempt.objects.create(user=user, project_id=conf.CORBADO_PROJECT_ID, asked_at=lost)
    corbado.fail_next("*", status=401)
    assert run()[1] == 2
    assert MigrationAttempt.objects.get().asked_at == lost


# Failures of the database ------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["note_questions", "settle"])
def test_a_passing_failure_of_the_database_costs_no_user(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A deadlock, for instance; Corbado is asked about nobody twice."""
    failed: list[Any] = []

    def fail_once(given: Any) -> None:
        if not failed:
            failed.append(given)
            raise OperationalError

    before(monkeypatch, step, fail_once)
    add_users(20)
    assert run()[1] == 0
    assert failed
    assert (moved(), len(scripted.users), scripted.calls["all"]) == (20, 20, 20)


@pytest.mark.django_db
def test_a_connection_that_broke_ends_the_run(
    scripted: ScriptedCorbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one would not be set up like the site's: it might use another tenant's schema."""

    def fail(_given: Any) -> None:
        raise OperationalError

    before(monkeypatch, "note_questions", fail)
    monkeypatch.setattr(type(connections["default"]), "is_usable", lambda _self: False)
    add_users(3)
    output, code = run()
    assert code == 2
    assert "The database failed (OperationalError)" in output
    assert not scripted.users


# The statements --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 50])
def test_the_statements_do_not_grow_with_the_users(corbado: Corbado, number: int) -> None:
    users = add_users(number)
    with CaptureQueriesContext(connection) as queries:
        UserMigration()._read_again(users)
    assert statements(queries)[0] == "SELECT"
    with CaptureQueriesContext(connection) as queries:
        assert len(note_questions(users)) == number
        settle(created(*users))
    # The questions; the accounts; the outcomes.
    assert statements(queries) == ["INSERT", "INSERT", "UPDATE"]


@pytest.mark.django_db(transaction=True)
def test_a_user_who_cannot_be_linked_holds_up_no_other(corbado: Corbado) -> None:
    taken, gone, signed_in, fit = add_users(4)
    other = get_user_model().objects.create(username="other")
    CorbadoAccount.objects.link(other, f"usr-{taken.pk}")
    CorbadoAccount.objects.link(signed_in, "usr-own")
    results = created(taken, gone, signed_in, fit)
    get_user_model().objects.filter(pk=gone.pk).delete()
    reasons = [outcome.reason for _user, outcome in settle(results)]
    assert reasons == ["corbado_user_has_other_account", "gone", "already_linked", ""]
    assert CorbadoAccount.objects.get(user_id=fit.pk).corbado_user_id == f"usr-{fit.pk}"
    assert MigrationAttempt.objects.get(user_id=taken.pk).outcome == "refused"


@pytest.mark.django_db
def test_where_refusals_cannot_be_written_no_user_is_linked(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are written again, and users who are linked would be reported as skipped."""

    def failing(_user_ids: Any, kind: str, _reason: str) -> None:
        if kind == "refused":
            raise OperationalError

    ada, bob = add_users(2)
    monkeypatch.setattr(records, "_close_attempts", failing)
    with pytest.raises(OperationalError):
        settle([*created(ada), (bob, Outcome("refused", "taken_at_corbado"))])
    assert not moved()
