"""``corbado_retire_passwords``: only people to whom the rule applies, and only after a "yes"."""

from __future__ import annotations

import csv
import errno
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models.signals import post_save
from django.test import Client
from django.utils import timezone

from corbado_auth.existing_users import retirement
from corbado_auth.management.commands import corbado_retire_passwords
from corbado_auth.models import CorbadoAccount

pytestmark = pytest.mark.django_db

PASSWORD = "an old password"


@pytest.fixture
def ready(make_user: Callable[..., Any]) -> Callable[..., CorbadoAccount]:
    """Return the function that makes someone whom the default rule fits, but for the changes."""

    def make(number: int = 1, user: dict[str, Any] | None = None, **fields: Any) -> CorbadoAccount:
        values = {
            "project_id": settings.CORBADO_PROJECT_ID,
            "corbado_user_id": f"usr-{number}",
            "email": f"user{number}@example.com",
            "sign_in_count": 3,
            "last_sign_in_at": timezone.now() - timedelta(days=1),
            **fields,
        }
        local = make_user(f"user{number}@example.com", password=PASSWORD, **(user or {}))
        return CorbadoAccount.objects.create(user=local, **values)

    return make


def run(*arguments: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("corbado_retire_passwords", *arguments, stdout=out)
    return out.getvalue()


def has_password(account: CorbadoAccount) -> bool:
    """Return whether the password still opens the account."""
    account.user.refresh_from_db()
    return account.user.check_password(PASSWORD)


def test_a_dry_run_changes_nothing(ready: Callable[..., CorbadoAccount]) -> None:
    account = ready()
    assert run("--dry-run") == "1 password would be made unusable. Nothing was changed.\n"
    assert has_password(account)


def test_apply_makes_the_password_unusable(ready: Callable[..., CorbadoAccount]) -> None:
    account = ready()
    assert run("--yes") == "1 password made unusable.\n"
    assert not has_password(account)
    assert not account.user.has_usable_password()
    assert run("--yes") == "0 passwords made unusable.\n"


def test_who_listens_to_saved_users_hears_of_it(ready: Callable[..., CorbadoAccount]) -> None:
    accounts, heard = [ready(number) for number in (1, 2)], []

    def hear(instance: Any, **kwargs: Any) -> None:
        heard.append(instance.pk)

    post_save.connect(hear, sender=get_user_model())
    try:
        run("--yes")
    finally:
        post_save.disconnect(hear, sender=get_user_model())
    assert heard == [account.user_id for account in accounts]
    assert not any(has_password(account) for account in accounts)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"sign_in_count": 2}, id="too few sign-ins"),
        pytest.param({"last_sign_in_at": timezone.now() - timedelta(days=31)}, id="long ago"),
        pytest.param({"last_sign_in_at": None}, id="never"),
        pytest.param({"last_password_at": timezone.now() - timedelta(days=29)}, id="password"),
        pytest.param({"email": ""}, id="no confirmed address"),
        pytest.param({"project_id": "pro-2"}, id="another project"),
        pytest.param({"user": {"is_staff": True}}, id="staff"),
        pytest.param({"user": {"is_superuser": True}}, id="superuser"),
        pytest.param({"user": {"is_active": False}}, id="inactive"),
    ],
)
def test_a_user_whom_the_rule_does_not_fit_keeps_the_password(
    ready: Callable[..., CorbadoAccount], fields: dict[str, Any]
) -> None:
    account = ready(**fields)
    run("--yes")
    assert has_password(account)


def test_a_password_long_ago_is_no_reason_to_keep_it(
    ready: Callable[..., CorbadoAccount],
) -> None:
    account = ready(last_password_at=timezone.now() - timedelta(days=31))
    run("--yes")
    assert not has_password(account)


def test_the_numbers_can_be_chosen(ready: Callable[..., CorbadoAccount]) -> None:
    account = ready(sign_in_count=1, last_sign_in_at=timezone.now() - timedelta(days=50))
    run("--yes", "--sign-ins", "1", "--days", "60")
    assert not has_password(account)


def test_staff_go_only_when_asked_for(ready: Callable[..., CorbadoAccount]) -> None:
    account = ready(user={"is_staff": True})
    run("--yes", "--include-staff")
    assert not has_password(account)


def test_open_sessions_end(client: Client, ready: Callable[..., CorbadoAccount]) -> None:
    account = ready()
    client.force_login(account.user, "tests.support.backends.AnsweredBackend")
    assert client.get("/account/").status_code == 200
    run("--yes")
    assert client.get("/account/").status_code == 302


def test_many_go_in_batches(
    ready: Callable[..., CorbadoAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retirement, "BATCH", 2)
    accounts = [ready(number) for number in range(5)]
    assert run("--yes") == "5 passwords made unusable.\n"
    assert not any(has_password(account) for account in accounts)


@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_the_report_names_who_it_was_and_when_they_last_came(
    ready: Callable[..., CorbadoAccount], tmp_path: Path, how: str
) -> None:
    account = ready()
    report = tmp_path / "report.csv"
    run(how, "--report", str(report))
    (row,) = csv.DictReader(report.read_text(encoding="utf-8").splitlines())
    assert [row["user"], row["corbado_user_id"], row["sign_ins"]] == [
        str(account.user_id), "usr-1", "3",
    ]  # fmt: skip
    assert datetime.fromisoformat(row["last_sign_in_at"]) == account.last_sign_in_at


def test_the_report_is_private_and_no_formula(
    ready: Callable[..., CorbadoAccount], tmp_path: Path
) -> None:
    account = ready()
    CorbadoAccount.objects.filter(pk=account.pk).update(corbado_user_id="=1+1")
    report = tmp_path / "report.csv"
    report.touch(mode=0o644)
    run("--dry-run", "--report", str(report))
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert ",'=1+1," in report.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_stops_it_before_it_starts(
    ready: Callable[..., CorbadoAccount], tmp_path: Path
) -> None:
    account = ready()
    with pytest.raises(CommandError, match="cannot be written"):
        run("--yes", "--report", str(tmp_path / "nowhere" / "report.csv"))
    assert has_password(account)


class FullAfter:
    """A report file on a disk that is full after this many lines."""

    def __init__(self, file: Any, rows: int) -> None:
        self.file, self.rows = file, rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, text: str) -> int:
        self.rows -= text.count("\n")
        if self.rows < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self.file.write(text))


def test_no_password_goes_that_a_full_disk_keeps_out_of_the_report(
    ready: Callable[..., CorbadoAccount], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retirement, "BATCH", 2)
    accounts = [ready(number) for number in range(5)]
    real = corbado_retire_passwords.open_report

    @contextmanager
    def on_a_small_disk(path: Path) -> Iterator[Any]:
        with real(path) as file:
            yield FullAfter(file, rows=4)  # the header, two accounts, and one of the next two

    monkeypatch.setattr(corbado_retire_passwords, "open_report", on_a_small_disk)
    report = tmp_path / "report.csv"
    with pytest.raises(CommandError, match="No password was made unusable that the report"):
        run("--yes", "--report", str(report))
    assert [has_password(account) for account in accounts] == [False, False, True, True, True]
    named = report.read_text(encoding="utf-8")
    assert all(f",{each.corbado_user_id}," in named for each in accounts[:2])


@pytest.mark.parametrize(("answer", "goes"), [("y", True), ("n", False), ("", False)])
def test_it_asks_before_it_does_what_cannot_be_undone(
    ready: Callable[..., CorbadoAccount], monkeypatch: pytest.MonkeyPatch, answer: str, goes: bool
) -> None:
    account = ready()
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    with nullcontext() if goes else pytest.raises(CommandError, match="Nothing was changed"):
        run()
    assert asked == ["Make 1 password unusable? [y/N] "]
    assert has_password(account) is not goes


@pytest.mark.parametrize("number", ["0", "-1", "three"])
def test_a_number_that_makes_no_sense_is_refused(number: str) -> None:
    with pytest.raises(CommandError, match="whole number above 0"):
        run("--days", number)
