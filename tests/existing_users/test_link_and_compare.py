"""``corbado_link`` links by hand; ``corbado_compare`` shows where both sides differ."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from corbado_auth.existing_users import comparison
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db


def run(command: str, *arguments: str) -> str:
    """Return what a command prints."""
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def link(corbado: Corbado, user: Any, address: str, **fields: Any) -> str:
    """Link a local user to a new Corbado user; return that one's ID."""
    person = corbado.add_user(address)
    values = {"project_id": settings.CORBADO_PROJECT_ID, "email": address, **fields}
    CorbadoAccount.objects.create(user=user, corbado_user_id=person.id, **values)
    return person.id


class TestLink:
    """Someone is linked by hand whom the rules refuse."""

    def test_staff_can_be_tied_and_sign_in(
        self, corbado: Corbado, client: Client, make_user: Callable[..., Any]
    ) -> None:
        staff = make_user("staff@example.com", username="staff", is_staff=True)
        person = corbado.add_user("staff@example.com")
        printed = run("corbado_link", "--user", "staff", "--corbado-id", person.id, "--yes")
        assert printed == f"staff now signs in as {person.id}.\n"
        corbado.sign_in(client, person)
        assert client.get("/account/").content.decode() == f"Signed in as {staff.pk}"

    @pytest.mark.parametrize("answer", ["", "n", "what"])
    def test_without_a_yes_nothing_changes(
        self, corbado: Corbado, make_user: Callable[..., Any], answer: str
    ) -> None:
        make_user("erin@example.com", username="erin")
        person = corbado.add_user("erin@example.com")
        with (
            mock.patch("sys.stdin.isatty", return_value=True, create=True),
            mock.patch("builtins.input", return_value=answer) as question,
            pytest.raises(CommandError, match="Nothing was changed"),
        ):
            run("corbado_link", "--user", "erin", "--corbado-id", person.id)
        assert "erin@example.com" in question.call_args.args[0]
        assert not CorbadoAccount.objects.exists()

    def test_an_unknown_user_is_a_sentence(self, corbado: Corbado) -> None:
        name = get_user_model().USERNAME_FIELD
        with pytest.raises(CommandError, match=f"no user whose {name} is nobody"):
            run("corbado_link", "--user", "nobody", "--corbado-id", "usr-1", "--yes")

    @pytest.mark.parametrize("corbado_id", ["usr-404", "../projectConfig", ""])
    def test_an_unknown_corbado_user_is_a_sentence(
        self, corbado: Corbado, make_user: Callable[..., Any], corbado_id: str
    ) -> None:
        make_user("erin@example.com", username="erin")
        with pytest.raises(CommandError, match="Check the ID"):
            run("corbado_link", "--user", "erin", "--corbado-id", corbado_id, "--yes")
        assert not CorbadoAccount.objects.exists()

    def test_who_is_tied_already_stays_tied(
        self, corbado: Corbado, make_user: Callable[..., Any]
    ) -> None:
        user = make_user("erin@example.com", username="erin")
        first = link(corbado, user, "erin@example.com")
        other = corbado.add_user("other@example.com")
        with pytest.raises(CommandError, match="unlink that account"):
            run("corbado_link", "--user", "erin", "--corbado-id", other.id, "--yes")
        assert CorbadoAccount.objects.get().corbado_user_id == first


class TestCompare:
    """Both sides are read, page by page, and nothing is changed."""

    def test_two_sides_that_agree(self, corbado: Corbado, make_user: Callable[..., Any]) -> None:
        link(corbado, make_user("erin@example.com"), "erin@example.com")
        lines = run("corbado_compare").splitlines()
        assert [line.split()[0] for line in lines] == ["0"] * 5

    def test_each_difference_is_a_line(
        self, corbado: Corbado, make_user: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(comparison, "PAGE", 2)
        for number in range(5):
            link(corbado, make_user(f"u{number}@example.com"), f"u{number}@example.com")
        moved = make_user("new@example.com")
        moved_id = link(corbado, moved, "new@example.com", email="old@example.com")
        stranger = corbado.add_user("stranger@example.com")
        lost = make_user("lost@example.com")
        CorbadoAccount.objects.create(
            user=lost, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id="usr-404"
        )
        found = {(each.kind, each.corbado_user_id, each.user) for each in comparison.compare()}
        assert found == {
            ("other_email", moved_id, str(moved.pk)),
            ("unknown_here", stranger.id, ""),
            ("gone_at_corbado", "usr-404", str(lost.pk)),
        }
        assert {request.method for request in corbado.requests} == {"GET"}

    def test_a_lost_corbado_user_is_exit_code_1(
        self, corbado: Corbado, make_user: Callable[..., Any]
    ) -> None:
        CorbadoAccount.objects.create(
            user=make_user("lost@example.com"),
            project_id=settings.CORBADO_PROJECT_ID,
            corbado_user_id="usr-404",
        )
        with pytest.raises(SystemExit) as stop:
            run("corbado_compare")
        assert stop.value.code == 1

    def test_a_wait_that_corbado_asks_for_is_waited(
        self, corbado: Corbado, make_user: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(comparison, "PAGE", 1)
        waits: list[float] = []
        monkeypatch.setattr(comparison.time, "sleep", waits.append)
        for number in range(3):
            link(corbado, make_user(f"u{number}@example.com"), f"u{number}@example.com")
        corbado.fail_next("/v1/users", status=429, retry_after="7")
        assert run("corbado_compare").splitlines()[0].split()[0] == "0"
        assert waits == [7]

    def test_no_answer_is_a_sentence(self, corbado: Corbado) -> None:
        corbado.fail_next("/v1/users", status=500)
        with pytest.raises(CommandError, match="Corbado did not answer"):
            run("corbado_compare")
