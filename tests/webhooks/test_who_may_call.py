"""Who may call a webhook of ours, and with what body: the tests of every webhook inherit these."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, override_settings

from corbado_auth.testing import Corbado
from tests.support.connect_login import asked
from tests.support.events import EVENTS, event_body
from tests.support.webhook import CREDENTIALS, PROJECT_ID, basic


class WebhookCases:
    """The base class: a subclass gives a valid call by ``url``, ``headers`` and ``body``."""

    url: str
    headers: dict[str, str]
    body: dict[str, Any]

    def call(self, **changes: Any) -> HttpResponse:
        """Call the webhook as Corbado does, but for the changes."""
        headers = {
            "authorization": basic(CREDENTIALS),
            **self.headers,
            **changes.get("headers", {}),
        }
        content = changes.get("content", json.dumps({**self.body, **changes.get("body", {})}))
        # Corbado has no CSRF token: the check is on.
        client = Client(enforce_csrf_checks=True)
        return client.generic(
            changes.get("method", "POST"),
            self.url,
            content,
            content_type="application/json",
            headers={name: value for name, value in headers.items() if value is not None},
        )

    def test_good_credentials_get_an_answer(self) -> None:
        assert self.call().status_code == 200

    @pytest.mark.parametrize(
        "authorization",
        [
            pytest.param(None, id="none"),
            pytest.param(basic("webhooks:wrong"), id="wrong password"),
            pytest.param(basic("somebody:made-up-password-of-the-tests"), id="wrong user"),
            pytest.param(basic("webhooks"), id="no colon"),
            pytest.param(basic(""), id="empty"),
            pytest.param(basic(CREDENTIALS + "x"), id="longer"),
            pytest.param(basic(CREDENTIALS[:-1]), id="shorter"),
            pytest.param("Bearer " + basic(CREDENTIALS)[6:], id="another scheme"),
            pytest.param("Basic !!!", id="no base64"),
            pytest.param("Basic", id="no value"),
        ],
    )
    def test_other_credentials_are_refused(self, authorization: str | None) -> None:
        answer = self.call(headers={"authorization": authorization})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Basic realm=")
        assert answer.content == b""

    @override_settings(CORBADO_WEBHOOK_SECRETS=["old:one", CREDENTIALS])
    @pytest.mark.parametrize("credentials", ["old:one", CREDENTIALS])
    def test_both_credentials_work_while_rotating(self, credentials: str) -> None:
        assert self.call(headers={"authorization": basic(credentials)}).status_code == 200

    @override_settings(CORBADO_WEBHOOK_SECRETS=["webhooks:one:two:"])
    def test_a_colon_in_the_password_works(self) -> None:
        answer = self.call(headers={"authorization": basic("webhooks:one:two:")})
        assert answer.status_code == 200

    @override_settings(CORBADO_WEBHOOK_SECRETS=[])
    def test_without_credentials_the_endpoint_is_off(self) -> None:
        assert self.call().status_code == 404
        assert self.call(headers={"authorization": basic("")}).status_code == 404

    @pytest.mark.parametrize(
        "entry", [None, "", ":", "user:", ":password", "user", " : ", 7, b"user:password"], ids=repr
    )
    def test_an_incomplete_entry_authorises_no_call(self, entry: object) -> None:
        """An environment variable that is not set easily becomes one."""
        with override_settings(CORBADO_WEBHOOK_SECRETS=[entry]):
            for given in ("None", "", ":", "user:", ":password", "user", " : ", "7", str(entry)):
                answer = self.call(headers={"authorization": basic(given)})
                assert answer.status_code == 401, given

    @override_settings(CORBADO_WEBHOOK_SECRETS=["user:", None, CREDENTIALS])
    def test_a_complete_entry_beside_an_incomplete_one_works(self) -> None:
        assert self.call().status_code == 200

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
    def test_only_post_is_answered(self, method: str) -> None:
        assert self.call(method=method).status_code == 405

    def test_credentials_are_checked_before_the_method_and_the_body(self) -> None:
        wrong = {"authorization": basic("webhooks:wrong")}
        assert self.call(headers=wrong, method="GET").status_code == 401
        assert self.call(headers=wrong, content="{").status_code == 401

    @pytest.mark.parametrize(
        "content",
        ["", "{", "[]", "null", '"text"', "1", "\x00", "[" * 20_000],
        ids=["empty", "broken", "list", "null", "string", "number", "NUL", "deep"],
    )
    def test_a_body_that_is_no_json_object_is_a_clear_400(self, content: str) -> None:
        answer = self.call(content=content)
        assert answer.status_code == 400
        assert "JSON object" in answer.json()["error"]

    def test_a_body_over_64_kb_is_refused(self) -> None:
        answer = self.call(content=json.dumps({**self.body, "padding": "x" * 65_536}))
        assert answer.status_code == 413

    @pytest.mark.parametrize("project", ["pro-1", "", None, 7, [PROJECT_ID]])
    def test_another_project_is_refused(self, project: object) -> None:
        answer = self.call(body={"projectID": project})
        assert answer.status_code == 400
        assert "projectID" in answer.json()["error"]

    def test_answers_are_never_cached(self) -> None:
        assert "no-store" in self.call()["Cache-Control"]

    def test_the_credentials_are_in_no_log(self, caplog: pytest.LogCaptureFixture) -> None:
        self.call(headers={"authorization": basic("webhooks:canary-of-the-header")})
        assert "canary-of-the-header" not in caplog.text
        assert basic("webhooks:canary-of-the-header")[6:] not in caplog.text


@pytest.mark.django_db(transaction=True)
class TestEventWebhook(WebhookCases):
    url = EVENTS
    headers = {"x-corbado-webhook-event": "passkey-login.completed"}
    body = event_body("passkey-login.completed", "usr-1")
    # The documented events name no project: a user of another one is unknown.
    test_another_project_is_refused = None

    @pytest.fixture(autouse=True)
    def fresh(self, caplog: pytest.LogCaptureFixture) -> None:
        """Start with no limit used up, and hear everything."""
        cache.clear()
        caplog.set_level(logging.INFO, "corbado_auth")

    @pytest.mark.parametrize(
        ("event", "data"),
        [
            ("user.deleted", None),
            ("user.deleted", []),
            ("user.deleted", {}),
            ("user.deleted", {"userID": 7}),
            ("user.deleted", {"userID": "usr-1/../usr-2"}),
            ("user.deleted", {"userID": "pro-1"}),
            ("user.updated", {"user": {}}),
            ("passkey.deleted", {"credential": {"id": "cre-1"}}),
        ],
    )
    def test_an_event_without_a_user_is_a_clear_400(
        self, corbado: Corbado, event: str, data: Any
    ) -> None:
        answer = self.call(
            body={"type": event, "data": data}, headers={"x-corbado-webhook-event": event}
        )
        assert answer.status_code == 400
        assert "ID" in answer.json()["error"] or "id" in answer.json()["error"]
        assert asked(corbado) == []

    @pytest.mark.parametrize("name", [None, "user.deleted", "passkey-login.Completed"])
    def test_header_and_body_have_to_agree(self, name: str | None) -> None:
        answer = self.call(headers={"x-corbado-webhook-event": name})
        assert answer.status_code == 400
        assert "X-Corbado-Webhook-Event" in answer.json()["error"]
