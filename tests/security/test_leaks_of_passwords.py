"""Leaks of passwords: one comes by webhook or by our login page, and something breaks with it.

The password is in no log, error mail, exception or signal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.security.written import PASSWORD, PROJECT_ID, Written
from tests.support.webhook import CREDENTIALS, basic

pytestmark = [pytest.mark.security, pytest.mark.django_db]

EMAIL = "robin@example.com"


def verify(username: str, password: str) -> Any:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    data = {"username": username, "password": password}
    body = {"id": "who-1", "projectID": PROJECT_ID, "action": "passwordVerify", "data": data}
    headers = {"authorization": basic(CREDENTIALS), "x-corbado-action": "passwordVerify"}
    url = "/corbado/webhooks/actions/"
    return client.post(url, json.dumps(body), content_type="application/json", headers=headers)


def what_leaks(written: Written, response: Any) -> list[str]:
    written.response(response)
    return written.leaks()


CASES = {
    "right": (EMAIL, PASSWORD),
    "wrong": (EMAIL, f"not {PASSWORD}"),
    "nobody": ("nobody@example.com", PASSWORD),
    "NUL": (EMAIL, f"{PASSWORD}\x00"),
}


@pytest.mark.parametrize(("username", "password"), CASES.values(), ids=CASES)
def test_no_password_that_is_verified_leaks(
    make_user: Callable[..., Any], username: str, password: str
) -> None:
    make_user(EMAIL, password=PASSWORD)
    with Written() as written:
        assert what_leaks(written, verify(username, password)) == []


@pytest.mark.parametrize(
    "what",
    [
        "corbado_auth.webhooks.views.users_with_email",
        "django.contrib.auth.backends.ModelBackend.authenticate",
        "corbado_auth.webhooks.views.JsonResponse",
    ],
)
def test_no_error_report_has_the_password(
    make_user: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("broken")

    make_user(EMAIL, password=PASSWORD)
    monkeypatch.setattr(what, broken)
    with Written() as written:
        response = verify(EMAIL, PASSWORD)
        assert response.status_code == 500
        assert what_leaks(written, response) == []


@pytest.mark.parametrize(
    "what",
    [
        "django.contrib.auth.backends.ModelBackend.authenticate",
        "corbado_auth.sign_in.forms.PasswordForm.confirm_login_allowed",
        "corbado_auth.sign_in.login.first_url",
    ],
)
def test_no_error_report_of_the_login_page_has_the_password(
    make_user: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("broken")

    user = make_user(EMAIL, password=PASSWORD if "confirm" in what else "another one")
    monkeypatch.setattr(what, broken)
    with Written() as written:
        client = Client(raise_request_exception=False)
        form = {"username": user.get_username(), "password": PASSWORD}
        response = client.post("/corbado/login/", form)
        assert response.status_code == 500
        assert what_leaks(written, response) == []
