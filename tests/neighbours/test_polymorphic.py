"""django-polymorphic: a sign-in uses the instance that the site's manager returns."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back, sign_in
from tests.support.users.polymorphic.models import Employee
from tests.urls import urlpatterns as site


def desk(request: HttpRequest) -> HttpResponse:
    """Return the desk of the person who is signed in."""
    return HttpResponse(getattr(request.user, "desk", "none"))


urlpatterns = [path("desk/", desk), *site]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class OwnBackend(CorbadoBackend):
    """A backend that finds users in a way of its own."""

    def get_user(self, user_id: Any) -> Any:
        """Find nobody whose desk is in the cellar."""
        user: Any = super().get_user(user_id)
        return None if getattr(user, "desk", "") == "cellar" else user


OWN_BACKEND = override_settings(
    AUTHENTICATION_BACKENDS=["tests.neighbours.test_polymorphic.OwnBackend"]
)


@pytest.fixture
def erin(corbado: Corbado) -> User:
    """An employee, linked at the first sign-in."""
    Employee.objects.create(username="erin", email="erin@example.com", desk="7b")
    person = corbado.add_user("erin@example.com")
    sign_in(Client(), corbado.issue_token(person))
    return person


@pytest.fixture
def classes() -> Iterator[list[str]]:
    """Collect the class of each user of whom Django's signal tells."""
    seen: list[str] = []

    def receiver(user: Any, **_signal: Any) -> None:
        seen.append(type(user).__name__)

    user_logged_in.connect(receiver)
    yield seen
    user_logged_in.disconnect(receiver)


def test_receivers_get_an_employee_at_the_first_sign_in_and_later(
    corbado: Corbado, classes: list[str], erin: User
) -> None:
    client = Client()
    sign_in(client, corbado.issue_token(erin))
    assert classes == ["Employee", "Employee"]
    assert client.get("/desk/").content == b"7b"


def test_an_employee_is_read_in_one_query_with_the_account(corbado: Corbado, erin: User) -> None:
    with CaptureQueriesContext(connection) as context:
        sign_in(Client(), corbado.issue_token(erin))
    reads = [query["sql"] for query in context if query["sql"].startswith("SELECT")]
    assert len([sql for sql in reads if CorbadoAccount._meta.db_table in sql]) == 1


def test_an_employee_who_is_signed_in_already_goes_on(
    client: Client, corbado: Corbado, erin: User
) -> None:
    sign_in(client, corbado.issue_token(erin))
    answer = come_back(client, corbado.issue_token(erin), sec_fetch_site="none")
    assert (answer.status_code, answer.url) == (303, "/account/")


def test_a_user_hidden_by_the_manager_is_refused_and_no_user_is_created(
    client: Client, corbado: Corbado, erin: User, caplog: pytest.LogCaptureFixture
) -> None:
    Session.objects.all().delete()
    get_user_model()._base_manager.update(has_left=True)
    assert sign_in(client, corbado.issue_token(erin)).status_code == 403
    assert "Sign-in refused: inactive_user" in caplog.text
    assert not Session.objects.exists()
    assert get_user_model()._base_manager.count() == 1


@pytest.mark.parametrize(
    ("confirmed", "reason"), [(True, "inactive_user"), (False, "account_exists")]
)
def test_a_user_hidden_by_the_manager_and_not_linked_gets_no_second_user(
    client: Client,
    corbado: Corbado,
    confirmed: bool,
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Employee.objects.create(username="ash", email="Ash@example.com", has_left=True)
    person = corbado.add_user("ash@example.com", confirmed=confirmed)
    assert sign_in(client, corbado.issue_token(person)).status_code == 403
    assert f"Sign-in refused: {reason}" in caplog.text
    assert get_user_model()._base_manager.count() == 1


def test_a_new_person_becomes_a_customer(
    client: Client, corbado: Corbado, classes: list[str]
) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    assert classes == ["User"]
    assert client.get("/desk/").content == b"none"


@OWN_BACKEND
def test_a_get_user_of_the_site_is_asked(
    client: Client, corbado: Corbado, erin: User, caplog: pytest.LogCaptureFixture
) -> None:
    assert sign_in(client, corbado.issue_token(erin)).status_code == 303
    Employee.objects.update(desk="cellar")
    assert sign_in(Client(), corbado.issue_token(erin)).status_code == 403
    assert "Sign-in refused: inactive_user" in caplog.text


@OWN_BACKEND
def test_a_get_user_of_the_site_is_asked_about_a_new_user(client: Client, corbado: Corbado) -> None:
    Employee.objects.create(username="ash", email="ash@example.com", desk="cellar")
    person = corbado.add_user("ash@example.com")
    assert sign_in(client, corbado.issue_token(person)).status_code == 403
    assert not Session.objects.exists()


def test_the_sessions_of_a_user_hidden_by_the_manager_end_too(
    client: Client, corbado: Corbado, erin: User
) -> None:
    user: Any = get_user_model()._base_manager.get()
    user.set_unusable_password()
    user.save()
    sign_in(client, corbado.issue_token(erin))
    get_user_model()._base_manager.update(has_left=True)
    for arguments in (["--user", "erin"], ["--corbado-id", erin.id]):
        out = StringIO()
        call_command("corbado_end_sessions", *arguments, "--yes", stdout=out)
        assert "is accepted any more" in out.getvalue()
    get_user_model()._base_manager.update(has_left=False)
    assert client.get("/account/").status_code == 302


def test_a_user_hidden_by_the_manager_can_be_exported(erin: User, tmp_path: Path) -> None:
    get_user_model()._base_manager.update(has_left=True)
    file = str(tmp_path / "erin.json")
    out = StringIO()
    call_command("corbado_export", "--user", "erin", "--output", file, stdout=out)
    assert out.getvalue() == "Wrote 1 rows about erin.\n"
