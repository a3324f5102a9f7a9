"""While Corbado is asked, our own pages hold no connection to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from corbado_auth.corbado_api import transport
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.front_door import come_back, open_login_page

MakeUser = Callable[..., Any]
LIST, ADD = "/corbado/passkeys/", "/corbado/passkeys/add/"
# In memory SQLite has one connection, which cannot be closed.
on_a_server = [pytest.mark.server, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def held(corbado: Corbado, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Return what each question to Corbado found: a connection, or None."""
    found: list[Any] = []
    ask = transport.ask

    def watched(*arguments: Any, **options: Any) -> Any:
        assert not connection.in_atomic_block
        found.append(connection.connection)
        return ask(*arguments, **options)

    monkeypatch.setattr(transport, "ask", watched)
    yield found
    assert found, "Corbado was not asked."


@pytest.fixture
def member(corbado: Corbado, client: Client, make_user: MakeUser) -> Client:
    """Return the browser of someone who is signed in and has an account."""
    corbado.sign_in(client, corbado.add_user("erin@example.com"))
    return client


COOKIES = {"none": "", "made up": "0123456789abcdefghijklmnopqrstuv"}


@pytest.mark.django_db
@pytest.mark.parametrize("session", COOKIES.values(), ids=COOKIES)
@pytest.mark.parametrize("is_good", [True, False], ids=["good", "junk"])
def test_nothing_is_read_before_corbado_is_asked(
    corbado: Corbado,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    session: str,
    is_good: bool,
) -> None:
    token = corbado.issue_token(corbado.add_user("ada@example.com")) if is_good else "j" * 64
    open_login_page(client)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = session
    before: list[int] = []
    ask = transport.ask
    with CaptureQueriesContext(connection) as queries:

        def watched(*arguments: Any, **options: Any) -> Any:
            before.append(len(queries))
            return ask(*arguments, **options)

        monkeypatch.setattr(transport, "ask", watched)
        response = come_back(client, token)
    assert (before, response.status_code) == ([0], 303 if is_good else 400)


class TestOnAServer:
    """With connections that can be closed."""

    pytestmark = on_a_server

    def test_a_sign_in_holds_none(self, corbado: Corbado, client: Client, held: Any) -> None:
        corbado.sign_in(client, corbado.add_user("ada@example.com"))
        assert held == [None]

    def test_an_email_about_a_new_browser_holds_none(
        self, corbado: Corbado, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A mail server may be as slow as Corbado."""
        found = []
        settings.CORBADO_EMAIL_NOTICES = True
        monkeypatch.setattr(
            EmailBackend, "send_messages", lambda *_: found.append(connection.connection)
        )
        person = corbado.add_user("ada@example.com")
        corbado.sign_in(Client(), person)  # Nobody is told of the first one.
        assert corbado.sign_in(client, person).status_code == 303
        assert found == [None]

    def test_what_a_middleware_of_the_site_took_is_given_back(
        self, corbado: Corbado, client: Client, held: Any, settings: Settings
    ) -> None:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.reading_middleware"]
        client.cookies[django_settings.SESSION_COOKIE_NAME] = COOKIES["made up"]
        assert corbado.sign_in(client, corbado.add_user("ada@example.com")).status_code == 303
        assert held == [None]

    @pytest.mark.parametrize("is_atomic", [False, True], ids=["", "ATOMIC_REQUESTS"])
    def test_the_pages_about_passkeys_hold_none(
        self, member: Client, held: Any, monkeypatch: pytest.MonkeyPatch, is_atomic: bool
    ) -> None:
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", is_atomic)
        assert member.get(LIST).status_code == 200
        assert member.post(ADD).status_code == 200
        member.get(f"{LIST}cre-1/remove/")
        member.post(f"{LIST}cre-1/remove/")
        assert len(held) >= 6
        assert set(held) == {None}

    def test_a_connection_that_lasts_is_kept(
        self, member: Client, held: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 600)
        connection.close()
        assert member.get(LIST).status_code == 200
        assert held[0] is not None
        assert set(held) == {connection.connection}

    def test_a_tag_on_a_page_of_the_site_lets_go_of_nothing(
        self, member: Client, corbado: Corbado
    ) -> None:
        """The page may be in the middle of reading rows."""
        request = RequestFactory().get("/")
        request.user = CorbadoAccount.objects.get().user
        with transaction.atomic():
            mine = connection.connection
            template = engines["django"].from_string("{% load corbado %}{% corbado_passkey_list %}")
            assert template.render({}, request)
            assert connection.connection is mine
            assert not connection.needs_rollback
        assert [call.path for call in corbado.requests][-1] == "/v1/webauthn/credential"


def reading_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Look who is there before any view does, as a site may."""

    def middleware(request: HttpRequest) -> HttpResponse:
        _ = request.user.is_authenticated
        return get_response(request)

    return middleware
