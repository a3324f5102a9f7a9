"""One run at a time: a lease, kept while the run works, and free again a minute after its end."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.existing_users import UserMigration
from corbado_auth.existing_users.bulk import lease
from corbado_auth.existing_users.bulk.lease import Lease, LeaseHeld
from corbado_auth.existing_users.bulk.rate_limit import StopFlag
from corbado_auth.models import MigrationAttempt, MigrationLease
from corbado_auth.testing import Corbado
from tests.support.migration import add_users, moved, rows_of, run
from tests.support.scripted_corbado import ScriptedCorbado
from tests.support.worker import start_worker

OTHER = "process 4711 on web1"

pytestmark = pytest.mark.usefixtures("impatient")


def held(*, seconds: int) -> MigrationLease:
    """Let another run hold the lease for this many more seconds."""
    now = timezone.now()
    return MigrationLease.objects.create(
        project_id=conf.CORBADO_PROJECT_ID,
        holder=OTHER,
        since=now - timedelta(hours=1),
        expires_at=now + timedelta(seconds=seconds),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("use_tz", [True, False])
def test_a_second_run_says_who_is_at_work_and_writes_nothing(
    corbado: Corbado, settings: LazySettings, tmp_path: Path, use_tz: bool
) -> None:
    settings.USE_TZ = use_tz
    report = tmp_path / "report.csv"
    report.write_text("of the first run")
    add_users(2)
    other = held(seconds=43)
    since = timezone.localtime(other.since) if use_tz else other.since
    output, code = run(f"--report={report}")
    assert code == 2
    assert f"Another run ({OTHER}) has been moving users since {since:%Y-%m-%d %H:%M:%S}" in output
    assert "wait until it has ended, or, if it was killed, start again in 43 seconds." in output
    assert report.read_text() == "of the first run"
    assert corbado.requests == []
    assert not MigrationAttempt.objects.exists()
    assert MigrationLease.objects.values().get()["expires_at"] == other.expires_at


@pytest.mark.django_db
def test_an_expired_lease_is_taken_and_nothing_is_left_of_it(corbado: Corbado) -> None:
    held(seconds=-1)
    add_users(2)
    assert run()[1] == 0
    assert moved() == 2
    assert not MigrationLease.objects.exists()


@pytest.mark.django_db
def test_a_dry_run_goes_beside_a_run(corbado: Corbado) -> None:
    held(seconds=43)
    add_users(2)
    output, code = run("--dry-run")
    assert code == 0
    assert "2 to ask Corbado about" in output
    assert MigrationLease.objects.get().holder == OTHER


@pytest.mark.django_db
def test_a_run_that_fails_leaves_no_lease(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> str:
        assert MigrationLease.objects.exists()
        raise ZeroDivisionError

    monkeypatch.setattr(UserMigration, "full_name", fail)
    add_users(2)
    with pytest.raises(ZeroDivisionError):
        run()
    assert not MigrationLease.objects.exists()


@pytest.mark.django_db
def test_a_lease_is_renewed_in_time(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> None:
    with Lease(StopFlag()) as mine:
        first = MigrationLease.objects.get().expires_at
        mine.renew_in_time()
        assert MigrationLease.objects.get().expires_at == first
        monkeypatch.setattr(lease, "RENEWED_AFTER", 0)
        mine.renew_in_time()
        assert MigrationLease.objects.get().expires_at > first
        with pytest.raises(LeaseHeld), Lease(StopFlag()):
            pass


@pytest.mark.django_db
@pytest.mark.parametrize("elapsed", [20, 70])
def test_a_lease_outlasts_a_failure_of_the_database_that_passes(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch, elapsed: int
) -> None:
    def fail(*_arguments: Any, **_values: Any) -> int:
        raise OperationalError

    stop = StopFlag()
    with Lease(stop) as mine:
        mine._renewed -= elapsed
        with monkeypatch.context() as patch:
            patch.setattr(QuerySet, "update", fail)
            if elapsed < lease.TERM.total_seconds():
                mine.renew_in_time()
            else:
                with pytest.raises(OperationalError):
                    mine.renew_in_time()
        mine.renew_in_time()
    assert not stop


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "asked"), [("full_name", 1), ("check", 0)])
def test_a_run_that_stalled_gives_way_to_the_one_that_took_its_lease(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch, method: str, asked: int
) -> None:
    """A laptop that slept, or a method of the site that takes its time."""
    works = getattr(UserMigration, method)

    def sleeping(self: UserMigration, user: Any) -> Any:
        MigrationLease.objects.update(holder=OTHER)
        return works(self, user)

    monkeypatch.setattr(UserMigration, method, sleeping)
    monkeypatch.setattr(lease, "RENEWED_AFTER", 0)
    users = add_users(5)
    if not asked:
        get_user_model().objects.filter(pk__in=[user.pk for user in users]).update(is_active=False)
    output, code = run()
    assert code == 2
    assert "stalled for a minute, and another one has started" in output
    assert moved() == len(corbado.requests) == asked
    assert MigrationLease.objects.get().holder == OTHER


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

    def execute(self, sql: str) -> list[Any]:
        """Return the rows, if there are any."""
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(self.database["NAME"])) as database, database:
                return database.execute(sql).fetchall()
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def accounts(self) -> dict[str, str]:
        """Return the Corbado user ID of each user who has one, by email."""
        rows = self.execute(
            "SELECT u.email, a.corbado_user_id FROM auth_user u "
            "JOIN corbado_auth_corbadoaccount a ON a.user_id = u.id"
        )
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


def expire(site: Site) -> None:
    """Let the lease expire, as if a minute had passed."""
    site.execute("UPDATE corbado_auth_migrationlease SET expires_at = '2001-01-01 00:00:00'")


def test_after_three_kills_every_user_has_one_corbado_user(site: Site, tmp_path: Path) -> None:
    """Each kill comes after Corbado has created a user and before we get the answer."""
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
            refused = start_worker(site.database, corbado.url, *arguments)
            said = refused.communicate(timeout=60)
            assert refused.returncode == 2, said
            assert f"process {worker.pid} on" in said[1]
            expire(site)
    assert kills == len(KILLED_AT)
    assert worker.returncode == 1, output
    assert corbado.calls["lost"]
    in_agreement(site, corbado, report)


def test_of_two_runs_that_start_together_one_is_refused(site: Site, tmp_path: Path) -> None:
    arguments = ("--concurrency=4", "--rate=100000")
    with ScriptedCorbado(delay=0.01) as corbado:
        workers = [
            start_worker(
                site.database, corbado.url, *arguments,
                f"--report={tmp_path / f'{number}.csv'}", "--report-emails",
            )
            for number in range(2)
        ]  # fmt: skip
        outputs = [worker.communicate(timeout=60) for worker in workers]
    codes = [worker.returncode for worker in workers]
    assert sorted(codes) == [1, 2], outputs
    assert "Another run (process" in outputs[codes.index(2)][1]
    assert corbado.calls["all"] == ELIGIBLE
    in_agreement(site, corbado, tmp_path / f"{codes.index(1)}.csv")


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_no_user_row_is_locked_while_corbado_is_asked(
    corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_users(1)
    locked: list[bool] = []
    create = CorbadoService.create_user

    def sign_in_first(self: CorbadoService, *arguments: Any, **named: Any) -> str | None:
        try:  # In a thread that asks Corbado, with a connection of its own.
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET lock_timeout = '1s'"
                    if connection.vendor == "postgresql"
                    else "SET innodb_lock_wait_timeout = 1"
                )
            locked.append(get_user_model().objects.update(last_login=timezone.now()) != 1)
        finally:
            connection.close()
        return create(self, *arguments, **named)

    monkeypatch.setattr(CorbadoService, "create_user", sign_in_first)
    assert run()[1] == 0
    assert locked == [False]
    assert not connection.in_atomic_block
