"""The action webhook: whether a user exists, and whether a password is theirs (API notes 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.signals import user_login_failed
from django.contrib.sessions.models import Session
from django.test import Client, override_settings

from corbado_auth.conf import conf
from corbado_auth.models import CorbadoAccount
from corbado_auth.telemetry import scrub
from corbado_auth.testing import Corbado
from corbado_auth.views import ActionWebhookView
from tests.support.front_door import sign_in
from tests.support.vouching import ours
from tests.support.webhook import PROJECT_ID
from tests.webhooks.test_who_may_call import WebhookCases

pytestmark = pytest.mark.django_db

PASSWORD = "an old password"
ADDRESS = "erin@example.com"


class ActionWebhookCases(WebhookCases):
    """The cases that both actions share."""

    url = "/corbado/webhooks/actions/"
    action: str
    data: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:  # type: ignore[override]
        return {"x-corbado-action": self.action}

    @property
    def body(self) -> dict[str, Any]:  # type: ignore[override]
        return {
            "id": "who-1",
            "projectID": PROJECT_ID,
            "action": self.action,
            "data": self.data,
        }

    def ask(self, **data: Any) -> Any:
        """Return the answer's data for these changes of the question's data."""
        answer = self.call(body={"data": {**self.data, **data}})
        assert answer.status_code == 200, answer.content
        assert isinstance(answer.json()["responseID"], str)
        return answer.json()["data"]

    @pytest.mark.parametrize("action", [None, "authmethods", "somethingElse", ""])
    def test_header_and_body_have_to_agree(self, action: str | None) -> None:
        answer = self.call(headers={"x-corbado-action": action})
        assert answer.status_code == 400
        assert "X-Corbado-Action" in answer.json()["error"]

    def test_an_unknown_action_is_refused(self) -> None:
        answer = self.call(headers={"x-corbado-action": "dance"}, body={"action": "dance"})
        assert answer.status_code == 400
        assert "authMethods" in answer.json()["error"]

    @pytest.mark.parametrize("data", [None, [], {}, {"username": ""}, {"username": 7}])
    def test_a_question_without_a_user_name_is_refused(self, data: object) -> None:
        assert self.call(body={"data": data}).status_code == 400

    @pytest.mark.parametrize("username", ["a\x00b@example.com", "\ud800@example.com"])
    def test_text_that_no_database_takes_is_refused(self, username: str) -> None:
        assert self.call(body={"data": {**self.data, "username": username}}).status_code == 400

    def test_no_session_is_made(self, make_user: Callable[..., Any]) -> None:
        make_user(ADDRESS, password=PASSWORD)
        self.call()
        assert not Session.objects.exists()


@pytest.mark.matrix
class TestAuthMethods(ActionWebhookCases):
    """``authMethods``: is there someone with a password here?"""

    action = "authMethods"
    data = {"username": ADDRESS}

    def test_a_user_with_a_password_exists(self, make_user: Callable[..., Any]) -> None:
        make_user(ADDRESS, password=PASSWORD)
        assert self.ask() == {"status": "exists"}

    def test_case_does_not_matter(self, make_user: Callable[..., Any]) -> None:
        make_user("Erin@Example.com", password=PASSWORD)
        assert self.ask() == {"status": "exists"}

    def test_a_stranger_does_not_exist(self) -> None:
        assert self.ask() == {"status": "not_exists"}

    def test_a_user_without_a_password_is_never_asked_for_one(
        self, make_user: Callable[..., Any]
    ) -> None:
        make_user(ADDRESS, password=None)
        assert self.ask() == {"status": "not_exists"}

    def test_an_inactive_user_is_blocked(self, make_user: Callable[..., Any]) -> None:
        make_user(ADDRESS, password=PASSWORD, is_active=False)
        assert self.ask() == {"status": "blocked"}

    @pytest.mark.parametrize("written", ["Erin@Example.com", " erin@example.com "])
    def test_another_spelling_of_the_address_is_the_same_user(
        self, make_user: Callable[..., Any], written: str
    ) -> None:
        make_user(ADDRESS, password=PASSWORD)
        assert self.ask(username=written) == {"status": "exists"}

    @pytest.mark.parametrize("look_alike", ["erın@example.com", "er in@example.com"])
    def test_a_look_alike_is_another_user(
        self, make_user: Callable[..., Any], look_alike: str
    ) -> None:
        make_user(ADDRESS, password=PASSWORD)
        assert self.ask(username=look_alike) == {"status": "not_exists"}


@pytest.mark.matrix
class TestPasswordVerify(ActionWebhookCases):
    """``passwordVerify``: is this the password of the user with this address?"""

    action = "passwordVerify"
    data = {"username": ADDRESS, "password": PASSWORD}

    @pytest.mark.parametrize("address", [ADDRESS, "nobody@example.com"])
    def test_an_address_gets_so_many_guesses_and_then_no_answer_but_no(
        self, make_user: Callable[..., Any], caplog: pytest.LogCaptureFixture, address: str
    ) -> None:
        user = make_user(ADDRESS, password=PASSWORD)
        for guess in range(10):
            assert self.ask(username=address, password=f"guess {guess}") == {"success": False}
        with mock.patch("corbado_auth.webhooks.views.find_user") as asked:
            assert self.ask(username=address.upper()) == {"success": False}
        assert not asked.called, "a password was hashed"
        warnings = [record.getMessage() for record in ours(caplog)]
        assert len(warnings) == 1
        assert f"(local user {user.pk if address == ADDRESS else 'unknown'})" in warnings[0]
        assert address not in caplog.text

    def test_right_passwords_and_other_addresses_are_not_counted(
        self, make_user: Callable[..., Any]
    ) -> None:
        make_user(ADDRESS, password=PASSWORD)
        for guess in range(9):
            self.ask(password=f"guess {guess}")
            self.ask(username=f"other{guess}@example.com")
        for _ in range(5):
            assert self.ask() == {"success": True}

    def test_a_locked_out_user_signs_in_through_corbado(
        self, make_user: Callable[..., Any], corbado: Corbado, client: Client
    ) -> None:
        user = make_user(ADDRESS, password=PASSWORD)
        for guess in range(11):
            data = {**self.data, "password": f"guess {guess}"}
            self.call(body={"projectID": conf.CORBADO_PROJECT_ID, "data": data})
        assert sign_in(client, corbado.issue_token(corbado.add_user(ADDRESS))).status_code == 303
        assert client.session["_auth_user_id"] == str(user.pk)

    def test_more_passwords_at_once_than_there_is_room_for_wait_for_another_try(
        self, make_user: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_user(ADDRESS, password=PASSWORD)
        monkeypatch.setattr(ActionWebhookView, "hashes_at_once", 0)
        for _ in range(20):
            answer = self.call()
            assert answer.status_code == 503
        monkeypatch.undo()
        assert self.ask() == {"success": True}, "a call without an answer was counted as a guess"

    def test_the_right_password_is_right(self, make_user: Callable[..., Any]) -> None:
        make_user(ADDRESS, password=PASSWORD)
        assert self.ask() == {"success": True}

    def test_a_right_password_is_noted_on_the_account(self, make_user: Callable[..., Any]) -> None:
        user = make_user(ADDRESS, password=PASSWORD)
        CorbadoAccount.objects.create(user=user, project_id=PROJECT_ID, corbado_user_id="usr-1")
        self.ask(password="wrong")
        assert CorbadoAccount.objects.get().last_password_at is None
        self.ask()
        assert CorbadoAccount.objects.get().last_password_at is not None

    def test_a_wrong_password_is_a_200_that_says_no(self, make_user: Callable[..., Any]) -> None:
        make_user(ADDRESS, password=PASSWORD)
        assert self.ask(password="wrong") == {"success": False}

    @pytest.mark.parametrize(
        "fields",
        [{"password": None}, {"password": PASSWORD, "is_active": False}],
        ids=["no password", "inactive"],
    )
    def test_no_user_without_a_way_in_gets_in(
        self, make_user: Callable[..., Any], fields: dict[str, Any]
    ) -> None:
        make_user(ADDRESS, **fields)
        assert self.ask() == {"success": False}

    def test_a_stranger_costs_the_work_of_a_wrong_password(self) -> None:
        with mock.patch("django.contrib.auth.hashers.MD5PasswordHasher.encode") as encode:
            encode.return_value = "md5$salt$hash"
            assert self.ask() == {"success": False}
        assert encode.call_count == 1

    def test_failures_are_told_by_djangos_signal(self, make_user: Callable[..., Any]) -> None:
        make_user(ADDRESS, password=PASSWORD)
        receiver = mock.Mock()
        user_login_failed.connect(receiver)
        try:
            self.ask(password="wrong")
        finally:
            user_login_failed.disconnect(receiver)
        assert receiver.call_count == 1
        assert "wrong" not in str(receiver.call_args.kwargs["credentials"])

    def test_an_empty_password_is_a_bad_question(self) -> None:
        assert self.call(body={"data": {"username": ADDRESS, "password": ""}}).status_code == 400

    def test_the_password_is_in_no_log(
        self, make_user: Callable[..., Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        make_user(ADDRESS, password=PASSWORD)
        with caplog.at_level("DEBUG"):
            self.ask(password="canary-of-the-password")
        assert "canary-of-the-password" not in caplog.text

    def test_the_password_of_the_last_request_is_forgotten(self) -> None:
        """Or each thread of a site without ``hide_tokens`` would collect all that it was sent."""
        self.ask(password="canary-one")
        self.ask(password="canary-two")
        assert scrub(["canary-one", "canary-two"]) == ["canary-one", "hidden"]


def ask(action: str, **data: Any) -> Any:
    """Ask from outside the classes."""
    case = TestAuthMethods() if action == "authMethods" else TestPasswordVerify()
    return case.ask(**data)


class TestUserNamesAreNotAddresses:
    """Corbado's ``username`` is an address, and is never looked up as anything else."""

    def test_a_user_name_that_equals_an_address_opens_nothing(
        self, make_user: Callable[..., Any]
    ) -> None:
        make_user("mallory@example.com", username=ADDRESS, password=PASSWORD)
        assert ask("authMethods") == {"status": "not_exists"}
        assert ask("passwordVerify") == {"success": False}

    def test_the_password_of_a_user_named_like_the_address_does_not_count(
        self, make_user: Callable[..., Any]
    ) -> None:
        make_user(ADDRESS, username="erin", password="another one")
        make_user("mallory@example.com", username=ADDRESS, password=PASSWORD)
        assert ask("passwordVerify") == {"success": False}
        assert ask("passwordVerify", password="another one") == {"success": True}

    def test_two_users_with_one_address_do_not_exist(self, make_user: Callable[..., Any]) -> None:
        make_user(ADDRESS, username="one", password=PASSWORD)
        make_user(ADDRESS.upper(), username="two", password=PASSWORD)
        assert ask("authMethods") == {"status": "not_exists"}
        assert ask("passwordVerify") == {"success": False}

    def test_staff_are_asked_only_once_they_are_linked(self, make_user: Callable[..., Any]) -> None:
        user = make_user(ADDRESS, username="erin", password=PASSWORD, is_staff=True)
        assert ask("authMethods") == {"status": "not_exists"}
        assert ask("passwordVerify") == {"success": False}
        CorbadoAccount.objects.create(user=user, project_id=PROJECT_ID, corbado_user_id="usr-1")
        assert ask("authMethods") == {"status": "exists"}
        assert ask("passwordVerify") == {"success": True}


@override_settings(
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
)
def test_without_our_backend_no_user_would_be_let_in(make_user: Callable[..., Any]) -> None:
    make_user(ADDRESS, password=PASSWORD)
    assert ask("authMethods") == {"status": "not_exists"}
