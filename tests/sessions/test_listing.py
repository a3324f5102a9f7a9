"""Our own list of sessions: on only where CORBADO_SESSION_LIST says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as site
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from corbado_auth.sessions.devices import describe
from corbado_auth.sign_in_record import ListedSession
from corbado_auth.testing import Corbado
from tests.security.written import Written
from tests.sessions.test_session_page import (
    FIREFOX,
    IPHONE,
    PASSWORD,
    SESSIONS,
    MakeUser,
    handles,
    is_signed_in,
    text_of,
)
from tests.support.front_door import sign_in
from tests.support.vouching import come_as

ENGINES = "django.contrib.sessions.backends"
ADA = "ada@example.com"


def statements_of_a_sign_in() -> list[str]:
    with CaptureQueriesContext(connection) as context:
        assert come_as(Client(), ADA).status_code == 303
    return [query["sql"] for query in context if query["sql"].split(" ")[0] not in CONTROL]


CONTROL = {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}


@pytest.mark.django_db
def test_it_costs_one_statement_a_sign_in_and_off_none(make_user: MakeUser) -> None:
    make_user(ADA)
    come_as(Client(), ADA)
    off = statements_of_a_sign_in()
    assert not [sql for sql in off if ListedSession._meta.db_table in sql]
    with override_settings(CORBADO_SESSION_LIST=True):
        on = statements_of_a_sign_in()
    assert len([sql for sql in on if ListedSession._meta.db_table in sql]) == 1
    assert len(on) == len(off) + 1


def a_visitor() -> Client:
    """Return a browser that has a session, in which nobody is signed in."""
    client = Client()
    session = client.session
    session["basket"] = ["a bowl"]
    session.save()
    return client


def a_stale_browser() -> Client:
    client = Client()
    client.cookies["sessionid"] = "x" * 32
    return client


def signed_in_before() -> Client:
    client = Client()
    come_as(client, ADA)
    return client


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
@pytest.mark.parametrize("browser", [a_visitor, a_stale_browser, signed_in_before])
def test_it_costs_one_statement_in_any_browser(
    make_user: MakeUser, browser: Callable[[], Client]
) -> None:
    make_user(ADA)
    come_as(Client(), ADA)
    client = browser()
    with CaptureQueriesContext(connection) as context:
        assert come_as(client, ADA).status_code == 303
    table = ListedSession._meta.db_table
    assert len([query for query in context if table in query["sql"]]) == 1
    keys = ListedSession.objects.values_list("session_key", flat=True)
    assert client.session.session_key in keys


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["db", "cached_db", "cache"])
def test_a_session_that_takes_the_place_of_somebody_elses_is_listed_by_its_own_key(
    make_user: MakeUser, engine: str, settings: Any
) -> None:
    """Django has not given it one yet when it tells of the sign-in."""
    settings.CORBADO_SESSION_LIST = True
    settings.SESSION_ENGINE = f"{ENGINES}.{engine}"
    browsers = [Client(), Client()]
    for number, name in enumerate(["erin", "finn", "gwen", "hugo"]):
        make_user(f"{name}@example.com", username=name, password=PASSWORD)
        form = {"username": name, "password": PASSWORD}
        assert browsers[number // 2].post("/corbado/login/", form).status_code == 302
    keys = set(ListedSession.objects.values_list("session_key", flat=True))
    assert {client.session.session_key for client in browsers} < keys
    assert "None" not in keys
    assert all(is_signed_in(client) for client in browsers)


@pytest.mark.django_db
def test_off_the_page_is_not_there_and_signing_out_costs_nothing(client: Client) -> None:
    come_as(client, ADA)
    assert client.get(SESSIONS).status_code == 404
    with CaptureQueriesContext(connection) as context:
        client.post("/corbado/logout/")
    assert not [query for query in context if ListedSession._meta.db_table in query["sql"]]


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_an_ordinary_page_costs_what_django_alone_needs(
    client: Client, django_assert_num_queries: Any
) -> None:
    come_as(client, ADA)
    with django_assert_num_queries(2):
        client.get("/account/")


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_all_sessions_of_a_person_end_in_few_statements_and_none_is_decoded(
    make_user: MakeUser, client: Client, django_assert_max_num_queries: Any
) -> None:
    from corbado_auth.sessions.ending import end_sessions

    erin = make_user("erin@example.com", username="erin", password=PASSWORD)
    for browser in (client, Client(), Client()):
        assert browser.login(username="erin", password=PASSWORD)
    decode = mock.patch.object(SessionBase, "decode", side_effect=AssertionError)
    with decode, django_assert_max_num_queries(3):
        assert end_sessions([erin]).deleted == 3


@pytest.mark.django_db
def test_a_session_from_before_the_list_is_on_it_once_its_page_is_opened(
    corbado: Corbado, client: Client
) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    with override_settings(CORBADO_SESSION_LIST=True):
        assert "This browser" in text_of(client.get(SESSIONS))
    assert ListedSession.objects.get().session_key == client.session.session_key


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_a_session_that_has_got_another_key_is_found_all_the_same(
    client: Client, make_user: MakeUser
) -> None:
    """A thief who changes the password gets another key, too."""
    erin = make_user("erin@example.com", username="erin", password=PASSWORD)
    assert client.login(username="erin", password=PASSWORD)
    session = client.session
    session.cycle_key()
    session.save()
    client.cookies["sessionid"] = session.session_key
    assert is_signed_in(client)
    from corbado_auth.sessions.ending import end_sessions

    assert end_sessions([erin]).deleted == 1
    assert not is_signed_in(client)
    assert not ListedSession.objects.exists()


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_a_session_of_a_former_password_is_not_on_the_page(
    client: Client, make_user: MakeUser
) -> None:
    erin = make_user("erin@example.com", username="erin", password=PASSWORD)
    other = Client(headers={"user-agent": IPHONE})
    assert other.login(username="erin", password=PASSWORD)
    erin.set_password("a new one")
    erin.save()
    assert client.login(username="erin", password="a new one")
    assert not handles(client.get(SESSIONS))
    assert ListedSession.objects.count() == 1


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_a_session_that_a_former_secret_key_bound_stays_on_the_page(
    client: Client, make_user: MakeUser
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    other = Client()
    assert other.login(username="erin", password=PASSWORD)
    with override_settings(SECRET_KEY="a newer one", SECRET_KEY_FALLBACKS=[site.SECRET_KEY]):
        assert client.login(username="erin", password=PASSWORD)
        assert len(handles(client.get(SESSIONS))) == 1


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_an_impersonator_neither_sees_nor_ends_sessions(client: Client) -> None:
    come_as(client, ADA)
    with override_settings(CORBADO_IS_IMPERSONATING="tests.support.front_door.is_support"):
        for answer in (client.get(SESSIONS), client.post(SESSIONS, {"others": "yes"})):
            assert answer.status_code == 403
            assert "acting as someone else" in answer.content.decode()


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_the_page_wants_a_csrf_token(client: Client) -> None:
    come_as(client, ADA)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(SESSIONS, {"others": "yes"}).status_code == 403


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_all_others_end_also_those_that_are_on_no_list(corbado: Corbado, client: Client) -> None:
    person = corbado.add_user("robin@example.com")
    other = Client()
    with override_settings(CORBADO_SESSION_LIST=False):
        sign_in(other, corbado.issue_token(person))
    sign_in(client, corbado.issue_token(person))
    client.get(SESSIONS)
    client.post(SESSIONS, {"others": "yes"})
    assert not is_signed_in(other)
    assert is_signed_in(client)


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
@pytest.mark.parametrize("what", ["one", "others", "the list"])
def test_an_error_report_has_no_key_of_a_session(
    corbado: Corbado, client: Client, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        raise RuntimeError("broken")

    person = corbado.add_user("robin@example.com")
    other = Client()
    sign_in(other, corbado.issue_token(person))
    sign_in(client, corbado.issue_token(person))
    key = other.session.session_key
    (handle,) = handles(client.get(SESSIONS))
    client.raise_request_exception = False
    with Written() as written:
        if what == "the list":
            monkeypatch.setattr("corbado_auth.session_views.describe", fail)
            answer = client.get(SESSIONS)
        else:
            monkeypatch.setattr("corbado_auth.sessions.listing.forget", fail)
            answer = client.post(
                SESSIONS, {"others": "1"} if what == "others" else {"session": handle}
            )
    written.mails()
    assert answer.status_code == 500
    report = "\n".join(text for _where, text in written._texts)
    assert "RuntimeError" in report
    assert key not in report


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_a_sign_in_without_a_session_is_not_listed(make_user: MakeUser) -> None:
    erin = make_user("erin@example.com")
    user_logged_in.send(sender=type(erin), request=HttpRequest(), user=erin)
    assert not ListedSession.objects.exists()


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True, SESSION_ENGINE=f"{ENGINES}.signed_cookies")
def test_a_cookie_that_is_the_session_is_not_listed(client: Client, corbado: Corbado) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    assert not ListedSession.objects.exists()


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_a_search_finds_what_is_on_no_list(client: Client, make_user: MakeUser) -> None:
    from corbado_auth.sessions.ending import end_sessions

    erin = make_user("erin@example.com", username="erin", password=PASSWORD)
    with override_settings(CORBADO_SESSION_LIST=False):
        assert client.login(username="erin", password=PASSWORD)
    assert end_sessions([erin]).deleted == 0
    assert end_sessions([erin], search=True).deleted == 1
    assert not Session.objects.exists()


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_a_sign_in_that_fails_after_all_is_not_on_the_page(
    client: Client, corbado: Corbado
) -> None:
    def receiver(**_signal: Any) -> None:
        raise RuntimeError("a receiver of the site")

    person = corbado.add_user("robin@example.com")
    failing = Client(raise_request_exception=False)
    user_logged_in.connect(receiver)
    try:
        assert sign_in(failing, corbado.issue_token(person)).status_code == 500
    finally:
        user_logged_in.disconnect(receiver)
    sign_in(client, corbado.issue_token(person))
    assert not handles(client.get(SESSIONS))


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        (FIREFOX, "Firefox", "Linux"),
        (IPHONE, "Safari", "iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge", "Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome", "Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18 Safari/605", "Safari", "Mac"),
        ("curl/8.0", "", ""),
        ("", "", ""),
    ],
)
def test_a_browser_has_the_name_that_people_know(
    user_agent: str, browser: str, system: str
) -> None:
    assert describe(user_agent) == (browser, system)


@pytest.mark.django_db
@override_settings(CORBADO_SESSION_LIST=True)
def test_an_odd_browser_is_shown_escaped_and_cut(corbado: Corbado) -> None:
    # PostgreSQL refuses NUL, which some servers pass on.
    odd = Client(headers={"user-agent": "<script>\x00" * 100})
    sign_in(odd, corbado.issue_token(corbado.add_user("robin@example.com")))
    page = odd.get(SESSIONS)
    assert "Unknown browser" in text_of(page)
    assert "<script>" not in page.content.decode()
    assert ListedSession.objects.get().user_agent == ("<script>" * 100)[:255]
