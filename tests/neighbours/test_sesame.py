"""django-sesame: a link of the site's own signs in, and does not count as a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from django.urls import path
from sesame.utils import get_query_string
from sesame.views import LoginView

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.support.front_door import age_sign_in
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("link/", LoginView.as_view(), name="link")]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

MakeUser = Callable[..., Any]


@pytest.fixture
def erin(make_user: MakeUser) -> Any:
    return make_user("erin@example.com")


@pytest.fixture
def person(corbado: Corbado) -> User:
    return corbado.add_user("erin@example.com")


def test_the_checks_are_content() -> None:
    assert run_checks(tags=["corbado_auth"]) == []


def test_a_link_signs_in_and_our_page_signs_out(client: Client, erin: Any) -> None:
    assert client.get(f"/link/{get_query_string(erin)}").url == "/account/"
    assert client.get("/account/").status_code == 200
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302


def test_a_link_is_no_password_and_both_open_one_account(
    client: Client, corbado: Corbado, erin: Any, person: User
) -> None:
    corbado.sign_in(client, person)
    client.post("/corbado/logout/")
    assert client.get(f"/link/{get_query_string(erin)}").status_code == 302
    assert CorbadoAccount.objects.get().last_password_at is None
    assert client.get("/account/").content == f"Signed in as {erin.pk}".encode()


def test_a_link_opened_in_an_old_session_does_not_make_a_copy_of_it_recent(
    client: Client, corbado: Corbado, erin: Any, person: User
) -> None:
    """The session keeps its key then, so a stolen copy would become recent, too."""
    corbado.sign_in(client, person)
    age_sign_in(client)
    stolen = client.session.session_key
    assert client.get(f"/link/{get_query_string(erin)}").status_code == 302
    assert client.session.session_key == stolen
    assert client.get("/matters/").status_code in (302, 303)


def test_a_passkey_does_not_kill_links_in_the_mailbox(
    client: Client, corbado: Corbado, erin: Any, person: User
) -> None:
    link = f"/link/{get_query_string(erin)}"
    corbado.sign_in(client, person)
    client.post("/corbado/logout/")
    assert client.get(link).url == "/account/"
