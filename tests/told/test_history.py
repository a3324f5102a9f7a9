"""The sign-in history: off by default; on, a row for each sign-in and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from corbado_auth import history
from corbado_auth.management.commands import corbado_prune_history
from corbado_auth.sign_in_record import SignInRecord
from corbado_auth.testing import Corbado
from tests.support.vouching import come_as

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
PASSWORD = "correct horse battery"  # noqa: S105
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
CONTROL = {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}
MakeUser = Callable[..., Any]


@pytest.fixture
def on(settings: Any) -> Any:
    settings.CORBADO_SIGN_IN_HISTORY = True
    return settings


def statements_of_a_sign_in() -> list[str]:
    with CaptureQueriesContext(connection) as context:
        assert come_as(Client(), ADA).status_code == 303
    return [query["sql"] for query in context if query["sql"].split(" ")[0] not in CONTROL]


def test_it_costs_one_statement_a_sign_in_and_off_none(make_user: MakeUser) -> None:
    make_user(ADA)
    come_as(Client(), ADA)
    off = statements_of_a_sign_in()
    assert not [sql for sql in off if SignInRecord._meta.db_table in sql]
    assert not SignInRecord.objects.exists()
    with override_settings(CORBADO_SIGN_IN_HISTORY=True):
        assert len(statements_of_a_sign_in()) == len(off) + 1
    assert SignInRecord.objects.count() == 1


@override_settings(CORBADO_TRUSTED_PROXIES=[])
def test_a_sign_in_is_kept_with_who_how_and_from_where(
    on: Any, corbado: Corbado, make_user: MakeUser
) -> None:
    ada, person = make_user(ADA), corbado.add_user(ADA)
    client = Client(headers={"user-agent": "A browser", "x-forwarded-for": "192.0.2.9"})
    corbado.sign_in(client, person)
    row = SignInRecord.objects.get()
    assert (row.user, row.corbado_user_id) == (ada, person.id)
    assert (row.outcome, row.method, row.reason) == ("signed_in", "corbado", "")
    assert (row.ip_address, row.user_agent) == ("127.0.0.1", "A browser")


def test_a_password_is_kept_as_another_way(on: Any, make_user: MakeUser, client: Client) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    client.post("/corbado/login/", {"username": "ada", "password": PASSWORD})
    assert SignInRecord.objects.get().method == "other"


@override_settings(CORBADO_CONNECT=True)
def test_connect_is_kept_as_a_passkey(
    on: Any, corbado: Corbado, make_user: MakeUser, client: Client
) -> None:
    ada = make_user(ADA)
    assert corbado.sign_in_by_connect(client, ada).status_code == 200
    row = SignInRecord.objects.get()
    assert (row.user, row.method) == (ada, "passkey")
    assert row.corbado_user_id.startswith("usr-")


def test_refusals_are_kept_with_their_reason(
    on: Any, corbado: Corbado, make_user: MakeUser, client: Client
) -> None:
    make_user(ADA, is_staff=True)
    person = corbado.add_user(ADA)
    corbado.sign_in(client, person)
    row = SignInRecord.objects.get()
    assert (row.outcome, row.reason) == ("refused", "staff_user")
    assert (row.user, row.corbado_user_id) == (None, person.id)


def test_a_deleted_person_leaves_no_row(
    on: Any, corbado: Corbado, make_user: MakeUser, client: Client
) -> None:
    ada, person = make_user(ADA, is_staff=True), corbado.add_user(ADA)
    corbado.sign_in(client, person)
    type(ada)._default_manager.filter(pk=ada.pk).update(is_staff=False)
    corbado.sign_in(client, person)
    assert [row.outcome for row in SignInRecord.objects.order_by("pk")] == ["refused", "signed_in"]
    ada.delete()
    assert not SignInRecord.objects.exists()


class TestPrune:
    @pytest.fixture(autouse=True)
    def _rows(self) -> None:
        for days in (100, 95, 10):
            SignInRecord.objects.create(
                at=timezone.now() - timedelta(days=days), outcome="signed_in"
            )

    def run(self, *arguments: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        call_command("corbado_prune_history", "--yes", *arguments, stdout=out, stderr=err)
        return out.getvalue().strip(), err.getvalue().strip()

    def test_old_rows_go_in_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "BATCH", 1)
        assert self.run("--older-than", "90") == ("Deleted 2 rows.", "")
        assert SignInRecord.objects.count() == 1

    def test_a_dry_run_deletes_nothing(self) -> None:
        assert self.run("--older-than", "90", "--dry-run") == ("Would delete 2 rows.", "")
        assert SignInRecord.objects.count() == 3

    def test_a_long_run_says_how_far_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "BATCH", 1)
        monkeypatch.setattr(corbado_prune_history, "INTERVAL", 0.0)
        assert self.run("--older-than", "90") == (
            "Deleted 2 rows.",
            "1 rows deleted so far …\n2 rows deleted so far …",
        )

    @pytest.mark.parametrize("days", ["-1", "99999999"])
    def test_impossible_days_are_refused(self, days: str) -> None:
        with pytest.raises(CommandError, match="0 to 36500") as caught:
            self.run("--older-than", days)
        assert caught.value.returncode == 2


class TestAdmin:
    URL = "/admin/corbado_auth/signinrecord/"

    def test_staff_see_who_signed_in(
        self, on: Any, corbado: Corbado, make_user: MakeUser, admin_client: Client
    ) -> None:
        make_user(ADA)
        browser = Client(headers={"user-agent": CHROME})
        corbado.sign_in(browser, corbado.add_user(ADA))
        page = admin_client.get(self.URL, {"q": ADA}).content.decode()
        assert "127.0.0.1" in page
        assert 'href="?q=ada%40example.com&amp;reason="' not in page  # A link without a text.
        assert "Passkey or link by email" in page
        assert ">Chrome on Linux<" in page
        assert CHROME not in page
        row = SignInRecord.objects.get(method="corbado")
        assert CHROME in admin_client.get(f"{self.URL}{row.pk}/change/").content.decode()
        assert admin_client.get(f"{self.URL}add/").status_code == 403
        assert "signinrecord" in admin_client.get("/admin/").content.decode()

    def test_off_it_is_not_on_the_index(self, admin_client: Client) -> None:
        assert "signinrecord" not in admin_client.get("/admin/").content.decode()
