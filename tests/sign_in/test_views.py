"""The sign-in, through the front door: the login page, back from Corbado, the confirm page, out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from corbado_auth.models import CorbadoAccount
from corbado_auth.sign_in import intent
from corbado_auth.testing import Corbado, User
from tests.support.front_door import TOKEN, come_back, open_login_page, sign_in

pytestmark = pytest.mark.django_db

LOGIN, REDIRECT, CONFIRM = "/corbado/login/", "/corbado/redirect/", "/corbado/confirm/"


@pytest.fixture(autouse=True)
def _no_failed_attempts() -> None:
    cache.clear()


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com", "Robin Example")


@pytest.mark.matrix
def test_a_token_after_the_login_page_signs_in(
    client: Client, corbado: Corbado, robin: User
) -> None:
    response = sign_in(client, corbado.issue_token(robin))
    assert (response.status_code, response.url) == (303, "/account/")
    account = CorbadoAccount.objects.get(corbado_user_id=robin.id)
    assert client.session["_auth_user_id"] == str(account.user.pk)
    assert client.get("/account/").status_code == 200


@pytest.mark.matrix
def test_an_existing_user_is_linked_by_the_confirmed_address(
    client: Client, corbado: Corbado, robin: User, make_user: Callable[..., Any]
) -> None:
    existing = make_user("Robin@example.com", password="made-up")
    sign_in(client, corbado.issue_token(robin))
    assert get_user(client).pk == existing.pk


@pytest.mark.matrix
def test_the_same_person_signs_in_again_as_the_same_user(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    again = Client()
    sign_in(again, corbado.issue_token(robin))
    assert get_user(again) == get_user(client)
    assert CorbadoAccount.objects.get().sign_in_count == 2


@pytest.mark.matrix
def test_the_sign_in_goes_on_to_next(client: Client, corbado: Corbado, robin: User) -> None:
    response = sign_in(client, corbado.issue_token(robin), next_url="/orders/?page=2")
    assert response.url == "/orders/?page=2"


@pytest.mark.matrix
def test_a_token_that_nobody_asked_for_leads_to_the_confirm_page_and_its_button_in(
    client: Client, corbado: Corbado, robin: User
) -> None:
    assert come_back(client, corbado.issue_token(robin), sec_fetch_site="none").url == CONFIRM
    shown = client.get(CONFIRM).context["result"].id
    assert not Session.objects.exists()
    response = client.post(CONFIRM, {"id": shown})
    assert (response.status_code, response.url) == (303, "/account/")
    assert get_user(client).is_authenticated


@pytest.mark.matrix
def test_sign_out_ends_the_session_row(client: Client, corbado: Corbado, robin: User) -> None:
    sign_in(client, corbado.issue_token(robin))
    response = client.post("/corbado/logout/")
    assert (response.status_code, response.url) == (302, "/")
    assert not Session.objects.exists()


@pytest.mark.matrix
def test_opening_the_login_page_writes_no_row(client: Client, corbado: Corbado) -> None:
    assert open_login_page(client, "/orders/").status_code == 200
    assert not Session.objects.exists()
    assert "sessionid" not in client.cookies


def test_the_intent_is_dropped_by_the_sign_in(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    assert client.cookies[intent.cookie.name].value == ""


def test_the_views_open_no_transaction_while_corbado_is_asked() -> None:
    from corbado_auth.urls import urlpatterns

    views = {pattern.name: pattern.callback for pattern in urlpatterns}
    for name in ("redirect", "confirm"):
        assert views[name]._non_atomic_requests == {"default"}


# Who is signed in already ---------------------------------------------------------------------


def test_the_person_who_is_signed_in_already_goes_on_without_a_second_login(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    key = client.session.session_key
    open_login_page(client, "/orders/")
    response = come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    assert (response.status_code, response.url) == (303, "/orders/")
    assert client.session.session_key == key
    assert CorbadoAccount.objects.get().sign_in_count == 1


def test_a_deleted_corbado_user_does_not_go_on_with_the_old_session(
    client: Client, wire: Any
) -> None:
    wire.answers_user("usr-1")
    sign_in(client)
    wire.answers_user("usr-1", status="deleted")
    open_login_page(client)
    assert come_back(client, "another" + TOKEN[7:]).status_code == 403
    assert client.get("/account/").status_code == 302


def test_the_login_page_tells_a_signed_in_visitor_who_they_are(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    page = open_login_page(client).content.decode()
    assert "You are signed in as" in page
    assert "<corbado-auth" in page


def test_without_logout_redirect_url_sign_out_goes_to_the_login_page(
    client: Client, settings: Any
) -> None:
    settings.LOGOUT_REDIRECT_URL = None
    assert client.post("/corbado/logout/").url == LOGIN


def test_sign_out_by_get_is_refused(client: Client, corbado: Corbado, robin: User) -> None:
    sign_in(client, corbado.issue_token(robin))
    assert client.get("/corbado/logout/").status_code == 405
    assert get_user(client).is_authenticated


@pytest.mark.parametrize("name", ["login", "step-up", "sessions", "passkeys"])
def test_a_monitor_that_sends_head_sees_that_the_page_is_there(
    client: Client, corbado: Corbado, robin: User, settings: Any, name: str
) -> None:
    settings.CORBADO_SESSION_LIST = True
    sign_in(client, corbado.issue_token(robin))
    page = client.head(f"/corbado/{name}/")
    assert (page.status_code, page.content) == (200, b"")


# Bad input --------------------------------------------------------------------------------------

MALFORMED = {
    "none": "",
    "empty": "corbadoAuthToken=",
    "two": f"corbadoAuthToken={TOKEN}&corbadoAuthToken={TOKEN}",
    "too short": f"corbadoAuthToken={TOKEN[:-1]}",
    "too long": f"corbadoAuthToken={TOKEN}0",
    "not ASCII": f"corbadoAuthToken={TOKEN[:-1]}%C3%A4",
    "a space": f"corbadoAuthToken={TOKEN[:-1]}+",
    "a line break": f"corbadoAuthToken={TOKEN}%0A",
    "NUL": f"corbadoAuthToken={TOKEN[:-1]}%00",
    "100 kB": f"corbadoAuthToken={'a' * 100_000}",
    "2000 parameters": f"corbadoAuthToken={TOKEN}{'&a=b' * 2000}",
    "another name": f"sessionToken={TOKEN}",
}


@pytest.mark.parametrize("query", MALFORMED.values(), ids=MALFORMED)
def test_a_link_without_one_well_formed_token_is_400_and_calls_no_one(
    client: Client, corbado: Corbado, query: str
) -> None:
    open_login_page(client)
    response = client.get(f"{REDIRECT}?{query}", headers={"sec-fetch-site": "same-origin"})
    assert response.status_code == 400
    assert b"This sign-in link is incomplete" in response.content
    assert corbado.requests == []


# Failures -------------------------------------------------------------------------------------


def test_an_unknown_token_is_400(client: Client, corbado: Corbado) -> None:
    response = sign_in(client, TOKEN)
    assert response.status_code == 400
    assert b"has been used or has expired" in response.content


def test_an_expired_token_is_400(client: Client, corbado: Corbado, robin: User) -> None:
    token = corbado.issue_token(robin)
    corbado.advance(minutes=6)
    assert sign_in(client, token).status_code == 400


def test_no_account_here_is_403_and_says_whom_to_ask(
    client: Client, corbado: Corbado, robin: User, make_user: Callable[..., Any]
) -> None:
    make_user("robin@example.com", is_active=False)
    response = sign_in(client, corbado.issue_token(robin))
    assert response.status_code == 403
    assert b"ask the people who run this site" in response.content


RETRY_AFTER = {"": "30", "7": "7", "119": "119", "3600": "120", "soon": "30"}


@pytest.mark.parametrize(("asked", "told"), RETRY_AFTER.items())
def test_corbado_that_does_not_answer_is_503_with_a_bounded_wait(
    client: Client, corbado: Corbado, asked: str, told: str
) -> None:
    corbado.fail_next("/v1/authTokens/validate", status=503, retry_after=asked)
    response = sign_in(client)
    assert (response.status_code, response.headers["Retry-After"]) == (503, told)


def test_after_a_503_a_reload_signs_in_with_the_same_token(
    client: Client, corbado: Corbado, robin: User
) -> None:
    token = corbado.issue_token(robin)
    corbado.fail_next("/v1/authTokens/validate", status=503)
    assert sign_in(client, token).status_code == 503
    assert come_back(client, token).status_code == 303


def test_a_wrong_secret_is_500_and_the_log_says_what_to_do(
    client: Client, corbado: Corbado, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CORBADO_API_SECRET = "corbado1_a-wrong-one"
    response = sign_in(client)
    assert response.status_code == 500
    assert b"not your fault" in response.content
    assert "check CORBADO_PROJECT_ID, CORBADO_API_SECRET" in caplog.text


def test_a_database_that_goes_away_is_503(
    client: Client, corbado: Corbado, robin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    def gone(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("terminating connection")

    token = corbado.issue_token(robin)
    open_login_page(client)
    monkeypatch.setattr("corbado_auth.session.authenticate", gone)
    response = come_back(client, token)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert b"database did not answer" in response.content


PAGES = {
    "not_a_navigation": {"sec_fetch_dest": "image"},
    "malformed_token": {"token": "short"},
    "invalid_token": {},
}


@pytest.mark.parametrize("how", PAGES.values(), ids=PAGES)
def test_every_ending_offers_the_login_page(
    client: Client, corbado: Corbado, how: dict[str, str]
) -> None:
    open_login_page(client)
    response = come_back(client, **how)
    assert f'href="{LOGIN}"'.encode() in response.content
