"""The database fails in the middle of a sign-in.

Corbado has vouched for the person and the token is spent, and then the database goes away, breaks
a deadlock at our cost, or refuses a commit: at every statement in turn. Nothing may be left
half-written, nobody half signed in, and the visitor gets a page instead of a traceback. Once the
database is back, the same person can sign in normally.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test import Client, override_settings
from pytest_django import Settings

from corbado_auth.models import CorbadoAccount
from tests.support.failures import GOOD
from tests.support.front_door import come_back, open_login_page, sign_in
from tests.support.misbehaving_server import MisbehavingServer, Request, Steps, always, answer
from tests.support.users.factory import create_user

pytestmark = [pytest.mark.security, pytest.mark.django_db(transaction=True)]

ADA = "ada@example.com"
# Databases quote values in their messages, and with them addresses.
QUOTED = f"Key (email)=({ADA}) is not to be seen"


@pytest.fixture(autouse=True)
def _corbado_vouches_for_ada(settings: Settings) -> Iterator[None]:
    with MisbehavingServer(always(answer(GOOD))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        yield


def nobody_is_here() -> None:
    """Start with a site that nobody has signed up to."""


def ada_is_here() -> None:
    """Start with an existing user who has the address."""
    create_user(ADA)


def ada_is_linked() -> None:
    """Start with someone who comes back."""
    assert sign_in(Client()).status_code == 303


class Broken:
    """Break the statements of one connection that ``is_hit`` picks by their number, from 1."""

    def __init__(self, error: DatabaseError, is_hit: Callable[[int], bool]) -> None:
        self.error = error
        self.is_hit = is_hit
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        if self.is_hit(self.count):
            raise self.error
        return execute(*arguments)


def goes_away(number: int) -> Broken:
    """Lose the connection at a statement, for good."""
    return Broken(OperationalError(QUOTED), lambda count: count >= number)


def is_closed(number: int) -> Broken:
    """Find the connection closed at a statement, for good."""
    return Broken(InterfaceError(QUOTED), lambda count: count >= number)


def deadlocks(number: int) -> Broken:
    """Break a deadlock at the cost of one statement; those after it work again."""
    return Broken(OperationalError(QUOTED), lambda count: count == number)


@pytest.mark.parametrize("basket", [["a bowl"], None], ids=["basket", "no-session"])
@pytest.mark.parametrize("prepare", [nobody_is_here, ada_is_here, ada_is_linked])
@pytest.mark.parametrize("breaks", [goes_away, is_closed, deadlocks])
def test_no_failing_statement_leaves_anything_half_done(
    breaks: Callable[[int], Broken],
    prepare: Callable[[], None],
    basket: list[str] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    statuses = []
    while 303 not in statuses:
        start_anew(prepare)
        caplog.clear()
        client = browser_on_the_login_page(basket)
        with connection.execute_wrapper(breaks(len(statuses) + 1)):
            response = come_back(client)
        statuses.append(response.status_code)
        if response.status_code == 303:
            break
        if response.status_code == 503:
            assert_a_clear_page(response)
            assert_told_once(caplog)
            assert client.session.get("basket") == basket
        assert_nothing_shown(response)
        assert_whole(prepare)
        assert_the_next_sign_in_works()
    # What Django's SessionMiddleware writes after the view is Django's responsibility.
    after_the_view = [status for status in statuses if status in {400, 500}]
    assert len(after_the_view) <= 2
    assert statuses == [503] * (len(statuses) - len(after_the_view) - 1) + after_the_view + [303]
    assert len(statuses) > 4


@pytest.mark.parametrize(
    ("prepare", "number"),
    [(nobody_is_here, 1), (nobody_is_here, 2), (ada_is_here, 1), (ada_is_here, 2),
     (ada_is_linked, 1)],
)  # fmt: skip
# The link is a transaction, and so is Django's writing of a new session.
def test_a_commit_that_fails_leaves_nothing_half_done(
    prepare: Callable[[], None],
    number: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start_anew(prepare)
    client = Client()
    open_login_page(client)
    with monkeypatch.context() as patch:
        commit = partial(deadlocks(number), connection._commit)
        patch.setattr(connection, "_commit", commit)
        response = come_back(client)
    assert_a_clear_page(response)
    assert_told_once(caplog)
    assert_whole(prepare)
    assert_the_next_sign_in_works()


@pytest.mark.server
@pytest.mark.parametrize("prepare", [nobody_is_here, ada_is_here, ada_is_linked])
def test_a_server_that_ends_the_connection_while_corbado_is_asked(
    prepare: Callable[[], None], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A persistent one is kept meanwhile; any other has been closed (test_db_connections.py)."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 600)
    connection.close()
    start_anew(prepare)
    client = Client()
    open_login_page(client)

    def script(_request: Request) -> Steps:
        end_connection_of(site)
        return [answer(GOOD)]

    with connection.cursor() as cursor:
        on_mariadb = connection.vendor == "mysql"
        cursor.execute("SELECT connection_id()" if on_mariadb else "SELECT pg_backend_pid()")
        (site,) = cursor.fetchone()
    with (
        MisbehavingServer(script) as server,
        override_settings(CORBADO_BACKEND_API_URL=server.url),
    ):
        response = come_back(client)
    connection.close()  # as Django does after a request that found its connection unusable
    assert_a_clear_page(response)
    assert_told_once(caplog)
    assert_whole(prepare)
    assert_the_next_sign_in_works()


def end_connection_of(process: int) -> None:
    """End the connection of one process of the database server, from another connection."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            if connection.vendor == "mysql":
                cursor.execute("KILL %s", [process])
            else:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
    finally:
        other.close()


def browser_on_the_login_page(basket: list[str] | None) -> Client:
    """Return a browser with the session that it had before the sign-in, or with none."""
    client = Client(raise_request_exception=False)
    if basket is not None:
        session = client.session
        session["basket"] = basket
        session.save()
        client.cookies["sessionid"] = session.session_key
    open_login_page(client)
    return client


def start_anew(prepare: Callable[[], None]) -> None:
    """Empty the tables, and prepare the scenario's starting point."""
    get_user_model()._default_manager.all().delete()
    Session.objects.all().delete()
    prepare()
    Session.objects.all().delete()


def assert_a_clear_page(response: Any) -> None:
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert "<h1>Sign-in could not be finished</h1>" in response.content.decode()


def assert_nothing_shown(response: Any) -> None:
    assert ADA not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def assert_told_once(caplog: pytest.LogCaptureFixture) -> None:
    (record,) = [record for record in caplog.records if record.name == "corbado_auth"]
    assert record.getMessage().startswith("Sign-in failed: the database raised ")
    assert record.exc_info is None
    assert ADA not in record.getMessage()


def assert_whole(prepare: Callable[[], None]) -> None:
    """Check that there are a user and the account, or neither; and that nobody is signed in."""
    users = get_user_model()._default_manager.count()
    accounts = CorbadoAccount.objects.count()
    assert (users, accounts) in {
        nobody_is_here: {(0, 0), (1, 1)},
        ada_is_here: {(1, 0), (1, 1)},
        ada_is_linked: {(1, 1)},
    }[prepare]
    assert not any("_auth_user_id" in row.get_decoded() for row in Session.objects.all())


def assert_the_next_sign_in_works() -> None:
    assert sign_in(Client()).status_code == 303
    assert get_user_model()._default_manager.count() == 1
    assert CorbadoAccount.objects.count() == 1
