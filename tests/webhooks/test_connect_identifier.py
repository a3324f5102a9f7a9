"""Connect's pre-login action learns a handle for what was typed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from corbado_auth.models import ConnectAccount
from tests.webhooks.test_who_may_call import WebhookCases

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
NOBODY = {"identifier": "", "error": {"return": False, "code": "user_not_found", "message": ""}}
MakeUser = Callable[..., Any]


@pytest.fixture(autouse=True)
def connect(settings: Any) -> Any:
    settings.CORBADO_CONNECT = True
    cache.clear()
    return settings


def handle_of(user: Any) -> str:
    return ConnectAccount.objects.get_or_link(user).handle


class TestConnectIdentifier(WebhookCases):
    url = "/corbado/webhooks/connect/identifier/"
    headers: dict[str, str] = {}
    body = {"identifier": ADA}
    # The script is the site's own, and names no project.
    test_another_project_is_refused = None

    def ask(self, typed: Any) -> Any:
        return self.call(body={"identifier": typed})

    @pytest.mark.parametrize("typed", [ADA, "Ada@EXAMPLE.com", f" {ADA} "])
    def test_an_address_leads_to_the_handle(self, make_user: MakeUser, typed: str) -> None:
        handle = handle_of(make_user(ADA))
        answer = self.ask(typed)
        assert (answer.status_code, answer.json()) == (200, {"identifier": handle})
        assert "no-store" in answer["Cache-Control"]

    def test_a_user_name_does_too(self, make_user: MakeUser) -> None:
        ada = make_user(ADA, username="ada")
        handle = handle_of(ada)
        assert self.ask("ada").json() == {"identifier": handle}
        assert self.ask("Ada").json() == NOBODY

    def test_the_answer_is_the_same_for_all_who_get_no_handle(self, make_user: MakeUser) -> None:
        """One answer for all, and as many queries: the typed address must not be found out."""
        make_user("no-passkey@example.com")
        for email, fields in {
            "inactive@example.com": {"is_active": False},
            "staff@example.com": {"is_staff": True},
            "chief@example.com": {"is_superuser": True},
        }.items():
            handle_of(make_user(email, **fields))
        for number in (1, 2):
            handle_of(make_user("two@example.com", username=f"two{number}"))
        handle_of(make_user(ADA))
        found = {}
        for typed in (
            "unknown@example.com",
            "no-passkey@example.com",
            "inactive@example.com",
            "staff@example.com",
            "chief@example.com",
            "two@example.com",
            ADA,
        ):
            with CaptureQueriesContext(connection) as queries:
                answer = self.ask(typed)
            found[typed] = (answer.status_code, answer.json(), len(queries))
        _status, known, number = found.pop(ADA)
        assert known["identifier"]
        assert list(found.values()) == [(200, NOBODY, number)] * 6

    def test_staff_is_found_where_staff_may_come(
        self, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("corbado_auth.backends.CorbadoBackend.link_staff", True)
        handle = handle_of(make_user(ADA, is_staff=True))
        assert self.ask(ADA).json() == {"identifier": handle}

    def test_a_name_that_is_another_users_address_is_ambiguous(self, make_user: MakeUser) -> None:
        handle_of(make_user(ADA, username="ada"))
        handle_of(make_user("mallory@example.com", username=ADA))
        assert self.ask(ADA).json() == NOBODY

    def test_identifiers_of_the_sites_own_need_no_account(
        self, make_user: MakeUser, connect: Any
    ) -> None:
        connect.CORBADO_CONNECT_IDENTIFIER = "tests.connect.test_login_failures.identifier_of"
        ada = make_user(ADA)
        assert self.ask(ADA).json() == {"identifier": f"customer-{ada.pk}"}
        assert not ConnectAccount.objects.exists()

    @pytest.mark.parametrize("typed", [None, 7, "", ["a"], "a\x00b", "\ud800"])
    def test_what_no_person_types_is_refused(self, typed: Any) -> None:
        answer = self.ask(typed)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("identifier ")

    def test_guessing_is_limited(
        self, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handle = handle_of(make_user(ADA))
        monkeypatch.setattr("corbado_auth.webhooks.identifier.QUESTIONS_PER_NAME", 2)
        answers = [self.ask(ADA).json() for _time in range(3)]
        assert answers == [{"identifier": handle}] * 2 + [NOBODY]

    def test_so_it_is_for_all_names_together(
        self, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handle_of(make_user(ADA))
        monkeypatch.setattr("corbado_auth.webhooks.identifier.QUESTIONS_PER_MINUTE", 2)
        for number in range(2):
            self.ask(f"{number}@example.com")
        assert self.ask(ADA).json() == NOBODY

    def test_without_connect_there_is_nothing(self, connect: Any) -> None:
        connect.CORBADO_CONNECT = False
        assert self.ask(ADA).status_code == 404
