"""The test kit, used as a user of the app uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.test import Client, LiveServerTestCase, TestCase, override_settings
from django.urls import reverse

from corbado_auth.testing import Corbado, CorbadoTestCase
from tests.plugins.strict import ROOT
from tests.support.authenticator import Authenticator
from tests.support.users.factory import create_user

EMAIL = "ada@example.com"
VALIDATE = "/v1/authTokens/validate"


@pytest.mark.django_db
class TestCorbado:
    def test_a_user_signs_in(self, corbado: Corbado, client: Client) -> None:
        response = corbado.sign_in(client, corbado.add_user(EMAIL, "Ada"), next="/orders/")
        assert (response.status_code, response["Location"]) == (303, "/orders/")
        assert get_user(client).is_authenticated

    def test_a_user_signs_in_under_the_settings_of_production(
        self, corbado: Corbado, client: Client
    ) -> None:
        with override_settings(SECURE_SSL_REDIRECT=True, SESSION_COOKIE_SECURE=True):
            response = corbado.sign_in(client, corbado.add_user(EMAIL), next="/orders/")
        assert (response.status_code, response["Location"]) == (303, "/orders/")

    def test_a_user_signs_in_over_https(self, corbado: Corbado, client: Client) -> None:
        response: Any = corbado.sign_in(client, corbado.add_user(EMAIL), next="/o/", secure=True)
        assert (response.status_code, response["Location"]) == (303, "/o/")
        assert response.wsgi_request.is_secure()
        with override_settings(SECURE_SSL_REDIRECT=True):
            assert corbado.sign_in(Client(), corbado.add_user("b@example.com")).status_code == 303

    def test_a_passkey_of_connect_comes_over_https(
        self, corbado: Corbado, client: Client, make_user: Any
    ) -> None:
        with override_settings(CORBADO_CONNECT=True):
            response: Any = corbado.sign_in_by_connect(
                client, make_user(EMAIL), next="https://testserver/o/", secure=True
            )
        assert response.json() == {"next": "https://testserver/o/"}

    def test_an_expired_token_signs_no_one_in(self, corbado: Corbado, client: Client) -> None:
        token = corbado.issue_token(corbado.add_user(EMAIL))
        corbado.advance(minutes=6)
        client.get(reverse("corbado_auth:login"))
        headers = {"Referer": f"http://testserver{reverse('corbado_auth:login')}"}
        response = client.get(
            reverse("corbado_auth:redirect"), {"corbadoAuthToken": token}, headers=headers
        )
        assert response.status_code == 400
        assert not get_user(client).is_authenticated

    @pytest.mark.parametrize(
        "failure",
        [{"status": 503}, {"drop": True, "times": 2}, {"body": "garbage"}, {"body": "truncated"}],
        ids=["status", "drop", "garbage", "truncated"],
    )
    def test_corbado_can_be_down(
        self, corbado: Corbado, client: Client, failure: dict[str, Any]
    ) -> None:
        corbado.fail_next(VALIDATE, **failure)
        response = corbado.sign_in(client, corbado.add_user(EMAIL))
        assert response.status_code == 503

    def test_the_sites_calls_can_be_read(self, corbado: Corbado, client: Client) -> None:
        token = corbado.issue_token(user := corbado.add_user(EMAIL))
        corbado.sign_in(client, user)
        (call,) = corbado.requests
        assert (call.method, call.path, call.status) == ("POST", VALIDATE, 200)
        assert call.headers["x-corbado-PROJECTID"] == settings.CORBADO_PROJECT_ID
        assert call.headers["Authorization"] == "********"
        assert token not in json.dumps(call.body)

    def test_an_unconfirmed_user_is_not_taken_for_one_of_ours(
        self, corbado: Corbado, client: Client, make_user: Any
    ) -> None:
        existing = make_user(email=EMAIL)
        corbado.sign_in(client, corbado.add_user(EMAIL, confirmed=False))
        assert get_user(client) != existing

    @pytest.mark.parametrize("login_url", ["/corbado/login/", "/accounts/login/"])
    def test_the_login_page_may_be_the_sites_own(
        self, corbado: Corbado, client: Client, login_url: str
    ) -> None:
        """A page without ``login_page`` sets no intent: the person must confirm."""
        response = corbado.sign_in(client, corbado.add_user(EMAIL), login_url=login_url)
        confirm = reverse("corbado_auth:confirm")
        assert response.status_code == 303
        assert (response["Location"] == confirm) is (login_url != "/corbado/login/")

    def test_a_wrong_plan_is_told_at_once(self, corbado: Corbado) -> None:
        with pytest.raises(ValueError, match="Say how it fails"):
            corbado.fail_next(VALIDATE)


class TestFreshness:
    """Nothing that a test leaves behind is visible to the next one."""

    @pytest.mark.parametrize("round_", ["first", "second"])
    def test_each_test_begins_with_nothing(self, corbado: Corbado, round_: str) -> None:
        assert (corbado.requests, corbado.outbox) == ([], [])
        corbado.fail_next("*", status=500, times=0)
        corbado.add_user(EMAIL)  # would raise if the other round's were still there
        requests.get(f"{corbado.url}/v1/users", timeout=10)
        assert corbado.requests[0].status == 500

    def test_the_settings_point_at_the_emulator(self, corbado: Corbado) -> None:
        assert corbado.url == settings.CORBADO_BACKEND_API_URL
        assert corbado.url == settings.CORBADO_FRONTEND_API_URL

    def test_without_the_fixture_they_do_not(self) -> None:
        assert "127.0.0.1" not in getattr(settings, "CORBADO_BACKEND_API_URL", "")

    def test_mails_wait_in_the_outbox(self, corbado: Corbado) -> None:
        corbado.add_user(EMAIL, confirmed=False)
        headers = {"Origin": "http://testserver"}
        url = f"{corbado.url}/v1/users/emaillinks/login/start"
        requests.post(url, json={"username": EMAIL}, headers=headers, timeout=10)
        (mail,) = corbado.outbox
        assert mail.to == EMAIL
        assert mail.link.startswith(f"http://testserver{reverse('corbado_auth:login')}?")
        assert mail.link in mail.text


@pytest.mark.django_db(transaction=True)
def test_a_browser_goes_the_whole_way(corbado_live: Corbado, live_server: Any) -> None:
    """Sign up with a passkey at the emulator, and arrive at the live server signed in."""
    visitor = requests.Session()
    login = f"{live_server.url}{reverse('corbado_auth:login')}"
    visitor.get(login, timeout=10)
    arrived = visitor.get(
        _sign_up(corbado_live, live_server.url),
        headers={"Referer": login, "Sec-Fetch-Site": "same-origin"},
        allow_redirects=False,
        timeout=10,
    )
    assert arrived.status_code == 303
    assert "sessionid" in visitor.cookies.get_dict()


def _sign_up(corbado: Corbado, origin: str) -> str:
    def call(path: str, body: dict[str, str]) -> Any:
        url = f"{corbado.url}/v1/users/passkey/register/{path}"
        response = requests.post(url, json=body, headers={"Origin": origin}, timeout=10)
        return response.json()["data"]

    options = call("start", {"username": EMAIL, "fullName": "Ada"})["challenge"]
    signed = Authenticator(origin).create(options)
    return str(call("finish", {"signedChallenge": signed})["redirectURL"])


class UnittestSite(CorbadoTestCase, TestCase):
    def test_a_user_signs_in(self) -> None:
        self.corbado.sign_in(self.client, self.corbado.add_user(EMAIL))
        assert get_user(self.client).is_authenticated

    def test_each_test_begins_with_nothing(self) -> None:
        assert self.corbado.requests == []
        assert self.corbado.url == settings.CORBADO_BACKEND_API_URL


class UnittestLiveSite(CorbadoTestCase, LiveServerTestCase):
    def test_browsers_are_sent_to_the_live_server(self) -> None:
        url = _sign_up(self.corbado, self.live_server_url)
        assert url.startswith(self.live_server_url)


def test_the_plugin_imports_neither_django_nor_the_emulator() -> None:
    script = (
        "import sys, corbado_auth.testing\n"
        "print([name for name in ('django', 'werkzeug', 'webauthn', 'corbado_auth.emulator')"
        " if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]"


def test_a_project_without_django_does_not_notice_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(): pass")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider"]
    environment = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    result = subprocess.run(
        [*command, "-p", "corbado_auth.testing", "."],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


def test_without_the_extra_it_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['webauthn'] = None\n"
        "from corbado_auth.testing import CorbadoTestCase\n"
        "import unittest\n"
        "class Case(CorbadoTestCase, unittest.TestCase):\n"
        "    def test_it(self): pass\n"
        "unittest.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.returncode == 1
    assert "pip install 'django-corbado-auth[emulator]'" in result.stderr


class TestAsyncClient(CorbadoTestCase, TestCase):
    """Django's AsyncClient goes the same way."""

    async def test_a_user_signs_in(self) -> None:
        user = self.corbado.add_user(EMAIL)
        for secure in (None, True):
            response: Any = await self.corbado.asign_in(
                self.async_client, user, next="/account/", secure=secure
            )
            assert (response.status_code, response.url) == (303, "/account/")
            assert response.asgi_request.is_secure() is bool(secure)
        page: Any = await self.async_client.get("/account/")
        assert page.content.startswith(b"Signed in as")

    async def test_a_passkey_of_connect_signs_in(self) -> None:
        user = await sync_to_async(create_user)(EMAIL)
        with override_settings(CORBADO_CONNECT=True):
            response: Any = await self.corbado.asign_in_by_connect(
                self.async_client, user, next="/account/"
            )
        assert response.json() == {"next": "/account/"}
        page: Any = await self.async_client.get("/account/")
        assert page.content.decode() == f"Signed in as {user.pk}"
