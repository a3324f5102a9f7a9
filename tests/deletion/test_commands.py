"""The commands and the doctor know which deletions are pending."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from corbado_auth.doctor import State, examine
from corbado_auth.testing import Corbado
from tests.support.deletion import delete_pending, deleted_at

pytestmark = pytest.mark.django_db


def test_the_command_asks_for_all_of_them(corbado: Corbado, left_over: list[str]) -> None:
    assert delete_pending("--dry-run") == "3 to be deleted at Corbado. Nothing was asked.\n"
    assert delete_pending() == "3 deleted at Corbado.\n"
    assert sorted(deleted_at(corbado)) == sorted(left_over)
    assert delete_pending() == "0 deleted at Corbado.\n"


def test_the_command_fails_while_a_user_is_left(corbado: Corbado, left_over: list[str]) -> None:
    corbado.fail_next("/v1/users/*", method="DELETE", status=503, times=0)
    with pytest.raises(CommandError, match="3 still to be deleted at Corbado"):
        delete_pending()


def test_the_doctor_says_that_a_user_is_left(corbado: Corbado, left_over: list[str]) -> None:
    found = {finding.subject: finding for finding in examine()}
    assert found["Deletions"].state == State.WARNING
    assert "3 users have been deleted here but not yet at Corbado" in found["Deletions"].fact
    delete_pending()
    assert "Deletions" not in {finding.subject for finding in examine()}


@pytest.mark.parametrize("rate", ["0", "-1", "many", "nan"])
def test_the_command_refuses_a_rate_that_is_none(rate: str) -> None:
    with pytest.raises(CommandError, match="is not a number of requests per second above 0"):
        call_command("corbado_delete_pending", f"--rate={rate}")


def migrate_users(*arguments: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("corbado_migrate_users", "--concurrency=1", "--yes", *arguments, stdout=out)
    return out.getvalue()


def test_the_bulk_migration_retries_first(corbado: Corbado, left_over: list[str]) -> None:
    assert "3 deleted at Corbado (already deleted here)" in migrate_users()
    assert sorted(deleted_at(corbado)) == sorted(left_over)


def test_the_bulk_migration_says_what_is_still_left(corbado: Corbado, left_over: list[str]) -> None:
    corbado.fail_next("/v1/users/*", method="DELETE", status=503, times=0)
    assert "3 still to be deleted at Corbado" in migrate_users()


def test_a_dry_run_counts_them_and_deletes_none(corbado: Corbado, left_over: list[str]) -> None:
    assert "3 to be deleted at Corbado (already deleted here)" in migrate_users("--dry-run")
    assert deleted_at(corbado) == []
