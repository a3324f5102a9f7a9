"""The report of a run: a row for each user, private, and no formula."""

from __future__ import annotations

import gc
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.base_user import AbstractBaseUser

from corbado_auth.existing_users.outcomes import REASONS
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.migration import add_users, rows_of, run

MakeUser = Callable[..., AbstractBaseUser]

pytestmark = pytest.mark.usefixtures("impatient")


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
@pytest.mark.parametrize("first", ["=", "＝"], ids=["ASCII", "full-width"])
def test_an_address_is_no_formula_in_a_spreadsheet(
    corbado: Corbado, make_user: MakeUser, tmp_path: Path, first: str
) -> None:
    make_user(f"{first}1+1@example.com")
    path = tmp_path / "report.csv"
    run("--dry-run", f"--report={path}", "--report-emails")
    assert rows_of(path)[0]["email"] == f"'{first}1+1@example.com"


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


@pytest.mark.django_db
def test_a_report_that_cannot_be_begun_is_exit_code_2(corbado: Corbado, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.symlink_to("/dev/full")
    output, code = run(f"--report={report}")
    assert code == 2
    assert "No space left on device" in output


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "users"), [("json", 2), ("jsonl", 2), ("json", 0)])
def test_a_report_on_a_full_disk_is_closed(
    corbado: Corbado, tmp_path: Path, kind: str, users: int
) -> None:
    report = tmp_path / f"report.{kind}"
    report.symlink_to("/dev/full")
    add_users(users)
    output, code = run(f"--report={report}")
    assert code == 2
    assert "No space left on device" in output
    gc.collect()  # A file that is still open is a warning, and with that an error.


@pytest.mark.django_db
def test_a_report_that_is_there_becomes_private_and_is_replaced(
    corbado: Corbado, tmp_path: Path
) -> None:
    path = tmp_path / "report.csv"
    path.write_text("of the last run\n" * 100)
    path.chmod(0o666)
    add_users(1)
    run(f"--report={path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [row["outcome"] for row in rows_of(path)] == ["created"]


@pytest.mark.django_db
def test_a_report_that_cannot_be_made_private_is_left_as_it_is(
    corbado: Corbado, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    path = tmp_path / "report.csv"
    path.write_text("another user's")
    output, code = run(f"--report={path}")
    assert code == 2
    assert "Operation not permitted" in output
    assert path.read_text() == "another user's"


@pytest.mark.django_db
def test_a_report_to_a_device_leaves_its_mode_alone(corbado: Corbado, tmp_path: Path) -> None:
    pipe = tmp_path / "report.csv"
    os.mkfifo(pipe, 0o644)
    mode = stat.S_IMODE(pipe.stat().st_mode)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        run("--dry-run", f"--report={pipe}")
        assert os.read(reader, 100).startswith(b"user,outcome")
    finally:
        os.close(reader)
    assert stat.S_IMODE(pipe.stat().st_mode) == mode
