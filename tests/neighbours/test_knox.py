"""django-rest-knox: a token is no sign-in of the browser, and makes no session."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import include, path

from corbado_auth.testing import Corbado
from tests.support.front_door import age_sign_in, sign_in
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("api/", include("knox.urls"))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

ADD, TOKEN = "/corbado/passkeys/add/", "/api/login/"
PASSWORD = "an old password"
MakeUser = Callable[..., Any]


def basic(name: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{name}:{PASSWORD}'.encode()).decode()}"}


def test_a_token_makes_no_session_and_no_cookie(client: Client, make_user: MakeUser) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    answer = client.post(TOKEN, headers=basic("erin"))
    assert answer.json()["token"]
    assert not Session.objects.exists()
    assert "sessionid" not in answer.cookies


def test_a_token_for_an_old_session_is_no_sign_in(client: Client, corbado: Corbado) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    age_sign_in(client)
    assert client.post(TOKEN).json()["token"]
    assert client.post(ADD).status_code == 403


def test_a_password_for_a_token_does_not_make_an_old_session_recent(
    client: Client, make_user: MakeUser
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    assert client.login(username="erin", password=PASSWORD)
    age_sign_in(client)
    assert client.post(TOKEN, headers=basic("erin")).json()["token"]
    assert client.post(ADD).status_code == 403


def test_a_token_of_somebody_else_does_not_touch_the_session(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    sign_in(client, corbado.issue_token(corbado.add_user("robin@example.com")))
    before = dict(client.session.items())
    make_user("erin@example.com", username="erin", password=PASSWORD)
    with_cookie = Client(headers=basic("erin"))
    with_cookie.cookies = client.cookies
    with_cookie.post(TOKEN)
    assert dict(client.session.items()) == before
