"""What the JSON API is sent and hands out ends up nowhere else: see test_leaks.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.test import Client

from tests.plugins.wire import Wire
from tests.security.test_leaks import ANSWERS, leaks_after, raises, with_canaries
from tests.security.test_leaks import written as written  # noqa: PLC0414 -- a fixture
from tests.security.written import SECRET, TOKEN, Written
from tests.support.api_client import PREFIX

pytestmark = [pytest.mark.security, pytest.mark.django_db]

MISTAKES = {
    "before Corbado is asked": "corbado_auth.headless.sign_in.client_info",
    "of the transport": "urllib3.connectionpool.HTTPConnectionPool._make_request",
    "of the reader": "corbado_auth.corbado_api.responses.read_user",
    "after Corbado was asked": "corbado_auth.headless.sign_in.take_turn",
}


def post(path: str, body: Any) -> Any:
    client = Client(raise_request_exception=False)
    return client.post(PREFIX + path, json.dumps(body), content_type="application/json")


def finish(email: str = "") -> Any:
    cache.clear()
    begun = post("/sign-in/", {"email": email} if email else {}).json()
    return post("/sign-in/finish/", {"state": begun["state"], "authToken": TOKEN})


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_of_corbados_leaks(written: Written, wire: Wire, name: str) -> None:
    status = {"validate_good": 200}.get(name, 400)
    wire.answers(json=with_canaries(name), status=status)
    assert leaks_after(written, finish()) == []


@pytest.mark.parametrize("what", MISTAKES.values(), ids=MISTAKES)
def test_no_report_of_a_mistake_of_ours_leaks(
    settings: Any, monkeypatch: pytest.MonkeyPatch, wire: Wire, what: str
) -> None:
    settings.CORBADO_API_SECRET = SECRET
    wire.answers(json=with_canaries("validate_good"))
    if "urllib3" in what:
        wire.let_through()
        settings.CORBADO_BACKEND_API_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(what, raises(RuntimeError("broken")))
    with Written() as written:
        response = finish()
        assert response.status_code == 500
        assert leaks_after(written, response) == []


def test_a_receiver_that_raises_leaks_nothing(written: Written) -> None:
    receiver = raises(RuntimeError("broken"))
    asked = finish()
    user_logged_in.connect(receiver)
    try:
        response = post("/sign-in/confirm/", {"pending": asked.json()["pending"]})
    finally:
        user_logged_in.disconnect(receiver)
    assert response.status_code == 500
    assert leaks_after(written, response) == []
    assert asked.json()["pending"] not in response.content.decode()
