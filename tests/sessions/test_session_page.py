"""The tests for every list of sessions: ours, and those of other packages."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.management import call_command
from django.test import Client

from corbado_auth.models import CorbadoAccount
from corbado_auth.sessions.ending import end_sessions
from corbado_auth.testing import Corbado, User
from tests.support.front_door import sign_in

SESSIONS = "/corbado/sessions/"
PASSWORD = "an old password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
ENGINES = "django.contrib.sessions.backends"
MakeUser = Callable[..., Any]


def text_of(page: Any) -> str:
    """Return what a person reads."""
    assert page.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def handles(page: Any) -> list[str]:
    """Return what the page calls the sessions that can be ended."""
    return re.findall(r'name="session" value="([^"]+)"', page.content.decode())


def is_signed_in(browser: Client) -> bool:
    return bool(browser.get("/account/").status_code == 200)


class SessionPageCases:
    """Two browsers of one person, and one of someone else."""

    @pytest.fixture
    def robin(self, corbado: Corbado) -> User:
        return corbado.add_user("robin@example.com")

    @pytest.fixture
    def here(self, corbado: Corbado, robin: User) -> Client:
        return self.browser(corbado, robin, FIREFOX)

    @pytest.fixture
    def phone(self, corbado: Corbado, robin: User, here: Client) -> Client:
        return self.browser(corbado, robin, IPHONE)

    @pytest.fixture
    def stranger(self, corbado: Corbado) -> Client:
        return self.browser(corbado, corbado.add_user("ash@example.com"), IPHONE)

    @staticmethod
    def browser(corbado: Corbado, person: User, user_agent: str) -> Client:
        browser = Client(headers={"user-agent": user_agent})
        assert sign_in(browser, corbado.issue_token(person)).status_code == 303
        return browser

    @pytest.mark.django_db
    def test_a_person_sees_their_browsers(
        self, here: Client, phone: Client, stranger: Client
    ) -> None:
        page = here.get(SESSIONS)
        text = text_of(page)
        assert "Firefox on Linux" in text
        assert "Safari on iPhone" in text
        assert text.count("This browser") == 1
        assert len(handles(page)) == 1
        assert here.session.session_key not in page.content.decode()
        assert phone.session.session_key not in page.content.decode()

    @pytest.mark.django_db
    def test_a_person_ends_one_session(self, here: Client, phone: Client, stranger: Client) -> None:
        (handle,) = handles(here.get(SESSIONS))
        answer = here.post(SESSIONS, {"session": handle})
        assert answer.status_code == 303
        assert "Signed out there." in text_of(here.get(answer.url))
        assert [is_signed_in(each) for each in (here, phone, stranger)] == [True, False, True]

    @pytest.mark.django_db
    def test_a_person_ends_all_others(self, here: Client, phone: Client, stranger: Client) -> None:
        here.get(SESSIONS)
        here.post(SESSIONS, {"others": "yes"})
        assert [is_signed_in(each) for each in (here, phone, stranger)] == [True, False, True]
        assert "iPhone" not in text_of(here.get(SESSIONS))
        assert "Firefox on Linux" in text_of(here.get(SESSIONS))

    @pytest.mark.django_db
    def test_a_user_cannot_end_the_session_of_another(self, here: Client, stranger: Client) -> None:
        other = Client()
        other.cookies = stranger.cookies
        known = handles(self.as_seen_from_elsewhere(stranger))
        here.post(SESSIONS, {"session": known[0] if known else "made up"})
        assert is_signed_in(stranger)

    def as_seen_from_elsewhere(self, browser: Client) -> Any:
        return browser.get(SESSIONS)

    @pytest.mark.django_db
    def test_all_sessions_of_a_user_with_a_password_end_without_a_search(
        self, make_user: MakeUser, stranger: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_user("erin@example.com", username="erin", password=PASSWORD)
        browsers = [Client(headers={"user-agent": FIREFOX}) for _each in range(2)]
        for each in browsers:
            form = {"username": "erin", "password": PASSWORD}
            assert each.post("/corbado/login/", form).status_code == 302
            each.get("/account/")
        monkeypatch.setattr("corbado_auth.sessions.stores.pages", None)
        out = StringIO()
        call_command("corbado_end_sessions", "--user", "erin", "--yes", stdout=out)
        assert out.getvalue() == "Ended 2 sessions of erin.\n"
        assert not any(map(is_signed_in, browsers))
        assert is_signed_in(stranger)

    @pytest.mark.django_db
    def test_all_sessions_of_a_user_without_a_password_end(
        self, here: Client, phone: Client, stranger: Client, robin: User
    ) -> None:
        user = CorbadoAccount.objects.get(corbado_user_id=robin.id).user
        ended = end_sessions([user])
        assert (ended.deleted, ended.refused, ended.left) == (2, 1, "")
        assert [is_signed_in(each) for each in (here, phone, stranger)] == [False, False, True]

    @pytest.mark.django_db
    def test_everyone_who_is_linked_is_signed_out(
        self, here: Client, corbado: Corbado, make_user: MakeUser
    ) -> None:
        project_id = corbado.settings["CORBADO_PROJECT_ID"]
        erin = make_user("erin@example.com", username="erin", password=PASSWORD)
        make_user("finn@example.com", username="finn", password=PASSWORD)
        CorbadoAccount.objects.create(user=erin, project_id=project_id, corbado_user_id="usr-9")
        linked, stranger = Client(headers={"user-agent": IPHONE}), Client()
        for each, name in ((linked, "erin"), (stranger, "finn")):
            each.post("/corbado/login/", {"username": name, "password": PASSWORD})
            assert is_signed_in(each)
        out = StringIO()
        call_command("corbado_end_sessions", "--linked", "--yes", stdout=out)
        assert "Ended 2 sessions of linked people." in out.getvalue()
        assert [is_signed_in(each) for each in (here, linked, stranger)] == [False, False, True]

    @pytest.mark.django_db
    def test_signing_in_again_keeps_to_one_row(
        self, here: Client, corbado: Corbado, robin: User
    ) -> None:
        sign_in(here, corbado.issue_token(robin))
        text = text_of(here.get(SESSIONS))
        assert text.count("Firefox on Linux") == 1
        assert get_user_model()._default_manager.count() == 1

    @pytest.mark.django_db
    def test_a_session_that_was_signed_out_is_not_on_the_page(
        self, here: Client, phone: Client
    ) -> None:
        phone.post("/corbado/logout/")
        assert "iPhone" not in text_of(here.get(SESSIONS))

    @pytest.mark.django_db
    def test_a_visitor_is_sent_to_sign_in(self, client: Client) -> None:
        assert client.get(SESSIONS).status_code == 302


class TestOurList(SessionPageCases):
    """The same for each engine that keeps sessions on the server."""

    @pytest.fixture(autouse=True, params=["db", "cached_db", "cache"])
    def _on(self, settings: Any, request: pytest.FixtureRequest) -> Any:
        settings.CORBADO_SESSION_LIST = True
        settings.SESSION_ENGINE = f"{ENGINES}.{request.param}"
        caches["default"].clear()
        yield
        caches["default"].clear()
