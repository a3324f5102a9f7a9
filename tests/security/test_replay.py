"""Replay: someone has the Redirect URL of a sign-in, from a history, a log, or over a shoulder.

A token is valid once. A reload in the session that it created leads to the same place, whatever
Corbado says or does; anywhere else, the answer is the 400 page.
"""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from corbado_auth.corbado_api.guard import FAILURES
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back, open_login_page, sign_in

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"


@pytest.fixture
def token(corbado: Corbado, robin: User) -> str:
    return corbado.issue_token(robin)


def test_a_reload_where_it_signed_in_goes_to_the_same_place(client: Client, token: str) -> None:
    sign_in(client, token, next_url="/orders/")
    key = client.session.session_key
    for site in ("same-origin", "none", None):
        assert come_back(client, token, sec_fetch_site=site).url == "/orders/"
    assert client.session.session_key == key
    assert CorbadoAccount.objects.get().sign_in_count == 1


def test_a_reload_goes_to_the_same_place_while_corbado_does_not_answer(
    client: Client, corbado: Corbado, token: str
) -> None:
    sign_in(client, token, next_url="/orders/")
    corbado.fail_next("/v1/authTokens/validate", status=503, times=0)
    reloads = [come_back(client, token).url for _time in range(FAILURES + 2)]
    assert set(reloads) == {"/orders/"}


def test_reloads_count_as_attempts_and_then_ask_corbado_no_more(
    client: Client, corbado: Corbado, token: str, settings: Settings
) -> None:
    """Otherwise, anyone who has signed in once could use up the quota."""
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 3
    sign_in(client, token, next_url="/orders/")
    asked = len(corbado.requests)
    for _time in range(6):
        assert come_back(client, token).url == "/orders/"
    assert len(corbado.requests) <= asked + 2 * 3  # The minute may end in between.


def test_a_reload_goes_to_the_same_place_even_without_a_next(client: Client, token: str) -> None:
    sign_in(client, token)
    open_login_page(client, "/elsewhere/")
    assert come_back(client, token).url == "/account/"


def test_a_reload_after_the_confirm_page_goes_to_the_same_place(
    client: Client, corbado: Corbado, token: str
) -> None:
    come_back(client, token, sec_fetch_site="none")
    client.post(CONFIRM, {"id": client.get(CONFIRM).context["result"].id})
    assert come_back(client, token, sec_fetch_site="none").url == "/account/"


def test_a_reload_after_sign_out_is_400(client: Client, token: str) -> None:
    sign_in(client, token)
    client.post("/corbado/logout/")
    assert come_back(client, token).status_code == 400
    assert not Session.objects.exists()


def test_a_reload_by_a_deactivated_user_is_400(client: Client, token: str) -> None:
    sign_in(client, token)
    get_user_model().objects.update(is_active=False)
    assert come_back(client, token).status_code == 400


def test_a_spent_token_in_another_browser_is_400(client: Client, token: str) -> None:
    sign_in(client, token)
    assert sign_in(Client(), token).status_code == 400
    assert Session.objects.count() == 1


def test_a_spent_token_in_another_users_session_is_400(
    client: Client, corbado: Corbado, mallory: User, token: str
) -> None:
    sign_in(client, token)
    other = Client()
    sign_in(other, corbado.issue_token(mallory))
    assert come_back(other, token).status_code == 400


def test_of_two_requests_with_one_token_one_makes_a_session(
    client: Client, corbado: Corbado, token: str
) -> None:
    """Both are on their way before either answer: a double click, or a race for the token."""
    first, second = Client(), Client()
    open_login_page(first)
    open_login_page(second)
    answers = [come_back(first, token).status_code, come_back(second, token).status_code]
    assert answers == [303, 400]
    assert [get_user(first).is_authenticated, get_user(second).is_authenticated] == [True, False]


def test_another_good_token_in_the_same_session_is_no_reload(
    client: Client, corbado: Corbado, robin: User, token: str
) -> None:
    sign_in(client, token, next_url="/orders/")
    asked = len(corbado.requests)
    come_back(client, corbado.issue_token(robin))
    assert len(corbado.requests) == asked + 1


def test_a_waiting_result_is_good_for_five_minutes(
    client: Client, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    come_back(client, token, sec_fetch_site="none")
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 299)
    assert client.get(CONFIRM).status_code == 200
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 302)
    assert client.get(CONFIRM).status_code == 400
