"""A receiver of Django's login signal fails: nobody is signed in, and nobody loses a session.

The signal comes in the middle of ``login()``, when the session holds the user already; and the
failure may be one that the site answers with a page of its own, which saves the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test import Client
from pytest_django import Settings

from tests.support.failures import GOOD
from tests.support.front_door import sign_in
from tests.support.misbehaving_server import MisbehavingServer, always, answer
from tests.support.vouching import signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db(transaction=True)]

IN_THE_DATABASE = ["db", "cached_db"]
ENGINES = [*IN_THE_DATABASE, "cache", "file", "signed_cookies"]
# What the site's receiver raises, and what Django answers.
ERRORS: dict[type[Exception], int] = {PermissionDenied: 403, RuntimeError: 500}


@pytest.fixture(autouse=True)
def _corbado_vouches_for_ada(settings: Settings) -> Iterator[None]:
    with MisbehavingServer(always(answer(GOOD))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        yield


@pytest.fixture(params=ERRORS, ids=lambda error: error.__name__)
def status(request: pytest.FixtureRequest) -> Iterator[int]:
    """Let a receiver fail, and return the status that Django answers."""

    def receiver(**_signal: Any) -> None:
        raise request.param

    user_logged_in.connect(receiver)
    yield ERRORS[request.param]
    user_logged_in.disconnect(receiver)


def use(engine: str, settings: Settings, folder: Path) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(folder)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cookie", [None, "a" * 32], ids=["none", "of-no-session"])
@pytest.mark.parametrize("saves", [False, True], ids=["", "every-request"])
def test_a_visitor_without_a_session_still_has_none(
    engine: str, cookie: str | None, saves: bool, status: int, settings: Settings, tmp_path: Path
) -> None:
    use(engine, settings, tmp_path)
    settings.SESSION_SAVE_EVERY_REQUEST = saves
    client = Client(raise_request_exception=False)
    if cookie:
        client.cookies["sessionid"] = cookie
    response = sign_in(client)
    assert response.status_code == status
    assert not response.wsgi_request.user.is_authenticated
    # A session in a cookie has a key, whatever the cookie holds, and is then saved as it is: empty.
    if not (saves and engine == "signed_cookies"):
        assert not response.cookies.get("sessionid", {}).get("max-age")
    assert signed_in_as(client) is None
    assert not Session.objects.exists()
    assert engine != "file" or not list(tmp_path.iterdir())


@pytest.mark.parametrize("saves", [False, True], ids=["", "every-request"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_visitor_with_a_session_is_not_signed_in(
    engine: str, saves: bool, status: int, settings: Settings, tmp_path: Path
) -> None:
    use(engine, settings, tmp_path)
    settings.SESSION_SAVE_EVERY_REQUEST = saves
    client = Client(raise_request_exception=False)
    session = client.session
    session["basket"] = ["a bowl"]
    session.save()
    client.cookies["sessionid"] = session.session_key
    # 400 is what Django answers if the session that it should save no longer exists.
    assert sign_in(client).status_code in {status, 400 if saves else status}
    assert signed_in_as(client) is None
    if engine in IN_THE_DATABASE:
        assert client.session["basket"] == ["a bowl"]
        assert Session.objects.count() == 1


@pytest.mark.parametrize("engine", IN_THE_DATABASE)
def test_a_transaction_for_a_visitor_without_a_session_begins_by_writing(
    engine: str, settings: Settings, tmp_path: Path
) -> None:
    """On SQLite one that reads first fails at once where another one writes."""
    use(engine, settings, tmp_path)
    writes: list[str] = []

    def execute(run: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if connection.in_atomic_block:
            writes.append(sql)
        return run(sql, *arguments)

    sign_in(Client())  # A first sign-in has a transaction of its own before.
    with connection.execute_wrapper(execute):
        sign_in(Client())
    if engine == "db":
        assert writes[0].startswith("INSERT")
        assert Session._meta.db_table in writes[0]
    else:
        assert all(sql.startswith(("INSERT", "UPDATE")) for sql in writes)


def catches_an_error(user: Any, **_signal: Any) -> None:
    """Insert a user who exists already, and ignore the error."""
    with suppress(IntegrityError):
        type(user)._default_manager.create(username=user.username)


def reads(user: Any, **_signal: Any) -> None:
    """Query the database afterwards."""
    assert type(user)._default_manager.filter(pk=user.pk).exists()


@pytest.mark.parametrize("receivers", [[catches_an_error], [catches_an_error, reads]])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("has_session", [False, True])
def test_a_receiver_may_catch_errors_of_the_database(
    has_session: bool,
    engine: str,
    receivers: list[Callable[..., None]],
    settings: Settings,
    tmp_path: Path,
) -> None:
    use(engine, settings, tmp_path)
    client = Client()
    if has_session:
        session = client.session
        session["basket"] = ["a bowl"]
        session.save()
        client.cookies["sessionid"] = session.session_key
    for receiver in receivers:
        user_logged_in.connect(receiver)
    try:
        assert sign_in(client).status_code == 303
    finally:
        for receiver in receivers:
            user_logged_in.disconnect(receiver)
    assert signed_in_as(client) is not None
    assert client.session.get("basket") == (["a bowl"] if has_session else None)
    if engine in IN_THE_DATABASE:
        assert Session.objects.count() == 1
