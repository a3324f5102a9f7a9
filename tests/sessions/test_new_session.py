"""A new session is written once, and otherwise ends as with Django's own ``login()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DjangoStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from corbado_auth.models import CorbadoAccount
from corbado_auth.signals import account_linked
from tests.support.vouching import come_as, signed_in_as

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"
# With Django's own engine a new session is written once; with any other, even one that only
# inherits from it, ``login()`` is left to itself.
ENGINES = ["django.contrib.sessions.backends.db", __name__]


class SessionStore(DjangoStore):
    """An engine that is not Django's own."""


def nothing(request: HttpRequest) -> None:
    """Leave the session alone."""


def adds(request: HttpRequest) -> None:
    request.session["basket"] = ["a bowl"]


def adds_and_takes_back(request: HttpRequest) -> None:
    request.session["basket"] = ["a bowl"]
    request.session.save()
    del request.session["basket"]


def changes_within(request: HttpRequest) -> None:
    request.session.setdefault("basket", []).append("a bowl")


def saves(request: HttpRequest) -> None:
    request.session.save()


def cycles(request: HttpRequest) -> None:
    request.session.cycle_key()


def flushes(request: HttpRequest) -> None:
    request.session.flush()


def expires(request: HttpRequest) -> None:
    request.session.set_expiry(300)


def expires_with_the_browser(request: HttpRequest) -> None:
    request.session.set_expiry(0)


def reads_its_row(request: HttpRequest) -> None:
    row = Session.objects.get(session_key=request.session.session_key)
    request.session["row_was_there"] = row.session_key == request.session.session_key


def outcome(receive: Callable[[HttpRequest], None]) -> Any:
    """Sign in and return what is left of it: cookie, rows, session."""

    def receiver(request: HttpRequest, **_signal: Any) -> None:
        receive(request)

    client = Client()
    user_logged_in.connect(receiver)
    try:
        response = come_as(client, ADA)
    finally:
        user_logged_in.disconnect(receiver)
    cookie = response.cookies["sessionid"]
    session = dict(client.session.items())
    noted = session.pop("corbado_sign_in", {})
    return {
        "status": response.status_code,
        "who": getattr(signed_in_as(client), "username", None),
        "rows": Session.objects.count(),
        "max-age": cookie["max-age"],
        "ages": client.session.get_expiry_age(),
        "method": noted.get("method"),
        # What a session is bound to differs from one to the next, as does the token.
        "session": {
            key: value
            for key, value in session.items()
            if key not in {"_auth_user_hash", "_corbado_auth_reload"}
        },
    }


@pytest.mark.parametrize(
    "receive",
    [
        nothing,
        adds,
        adds_and_takes_back,
        changes_within,
        saves,
        cycles,
        flushes,
        expires,
        expires_with_the_browser,
        reads_its_row,
    ],
)
def test_receivers_may_do_what_they_may_do_in_django(
    receive: Callable[[HttpRequest], None], settings: Settings, make_user: Callable[..., Any]
) -> None:
    make_user(ADA)
    found = []
    for settings.SESSION_ENGINE in ENGINES:
        Session.objects.all().delete()
        found.append(outcome(receive))
    assert found[0] == found[1]
    assert found[0]["status"] == 303


def test_the_row_is_written_once(make_user: Callable[..., Any]) -> None:
    make_user(ADA)
    come_as(Client(), ADA)
    with CaptureQueriesContext(connection) as context:
        come_as(Client(), ADA)
    of_sessions = [query["sql"] for query in context if "django_session" in query["sql"]]
    assert len(of_sessions) == 1
    assert of_sessions[0].startswith("INSERT")


def test_each_session_has_a_key_of_its_own(make_user: Callable[..., Any]) -> None:
    make_user(ADA)
    for _ in range(3):
        assert signed_in_as(client := Client()) is None
        come_as(client, ADA)
        assert signed_in_as(client) is not None
    assert Session.objects.count() == 3
    assert {len(key) for key in Session.objects.values_list("pk", flat=True)} == {32}


def test_a_site_that_listens_to_rows_of_sessions_hears_of_each(
    make_user: Callable[..., Any],
) -> None:
    make_user(ADA)
    heard: list[str] = []

    def hear(instance: Session, created: bool, **_signal: Any) -> None:
        heard.extend([instance.pk] if created else [])

    post_save.connect(hear, sender=Session)
    try:
        come_as(client := Client(), ADA)
    finally:
        post_save.disconnect(hear, sender=Session)
    assert heard == [client.session.session_key]


@pytest.mark.parametrize("returns_keys", [True, False])
def test_a_database_that_returns_no_keys_is_asked_in_djangos_way(
    returns_keys: bool, make_user: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "can_return_rows_from_bulk_insert"
    returns_keys = returns_keys and getattr(connection.features, name)
    monkeypatch.setattr(type(connection.features), name, returns_keys)
    linked = []

    def receive(account: CorbadoAccount, **_signal: Any) -> None:
        linked.append(account.pk)

    account_linked.connect(receive)
    ada = make_user(ADA)
    try:
        come_as(client := Client(), ADA)
    finally:
        account_linked.disconnect(receive)
    assert linked == [CorbadoAccount.objects.get(user=ada).pk]
    assert signed_in_as(client) == str(ada.pk)
