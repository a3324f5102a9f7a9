"""The command corbado_doctor: what it prints, and its exit codes."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import responses
from django.conf import LazySettings
from django.core.management import call_command, load_command_class
from django.test import override_settings

from corbado_auth.testing import Corbado
from tests.checks import test_doctor
from tests.checks.test_doctor import API, HERE, SECRET, SITE, Ask, run
from tests.wire import sample

pytestmark = pytest.mark.django_db

# Fixtures.
ask, _wide_enough = test_doctor.ask, test_doctor._wide_enough
_no_headers = test_doctor._no_headers


FAILURES = {
    "wrong-secret": (sample("project_config_wrong_secret"), "Corbado rejects project ID and API"),
    "server-error": (sample("validate_internal_error"), "Corbado gave no proper answer"),
    "other-api": (sample("validate_unknown_token"), "Corbado does not answer like that"),
}


@pytest.mark.parametrize(("answer", "said"), FAILURES.values(), ids=FAILURES)
def test_what_corbado_refuses_is_said(answer: Any, said: str, settings: LazySettings) -> None:
    settings.CORBADO_API_SECRET = SECRET
    with responses.RequestsMock() as corbado:
        corbado.get(API, json=answer.answer, status=answer.status)
        text, code = run("--origin", SITE)
    assert said in " ".join(text.split())
    assert answer.answer["requestData"]["requestID"] in text
    assert code == 1
    assert "canary" not in text


def test_nonsense_from_corbado_is_said() -> None:
    with responses.RequestsMock() as corbado:
        corbado.get(API, body="<html>canary</html>")
        text, code = run()
    assert "cannot be read" in text
    assert (code, "canary" in text) == (1, False)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"CORBADO_API_SECRET": ""}, id="no-secret"),
        pytest.param({"CORBADO_PROJECT_ID": ""}, id="no-project-id"),
        pytest.param({"CORBADO_TIMEOUT": "soon"}, id="timeout"),
        pytest.param({"CORBADO_BACKEND_API_URL": "https://u:canary@"}, id="url"),
        pytest.param({"CORBADO_BACKEND_API_URL": "canary"}, id="no-url"),
    ],
)
def test_settings_that_allow_no_question_are_named(changed: dict[str, Any]) -> None:
    with override_settings(**changed):
        text, code = run()
    assert code == 1
    assert "canary" not in text
    assert next(iter(changed)) in text


def test_an_emulator_that_does_not_run_is_named(settings: LazySettings) -> None:
    settings.CORBADO_BACKEND_API_URL = "http://127.0.0.1:1"
    text, code = run()
    assert "manage.py corbado_emulator" in text
    assert code == 1


@pytest.mark.parametrize(
    "origin",
    [
        "shop.example.com",
        "https://",
        f"{SITE}/path",
        f"{SITE}?a=b",
        "ftp://a.example.com",
        "https://u:canary@a.example.com",
    ],
)
def test_an_origin_is_scheme_and_host(origin: str) -> None:
    text, code = run("--origin", origin)
    assert "--origin must be" in text
    assert code == 2
    assert "canary" not in text


def test_a_line_is_a_word_a_subject_and_what_to_do(ask: Ask, settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    with responses.RequestsMock() as corbado:
        corbado.get(API, json=sample("project_config_good").answer)
        text, code = run("--origin", SITE)
    lines = text.splitlines()
    assert (
        "ok       Redirect URL     https://shop.example.com/corbado/redirect/, as it should be."
        in lines
    )
    at = lines.index("wrong    Host name        shop.example.com is not in ALLOWED_HOSTS.")
    assert lines[at + 1].strip() == '-> Add "shop.example.com" to ALLOWED_HOSTS.'
    assert text.endswith("11 ok, 1 warning, 1 wrong. Fix the errors above, then run it again.")
    assert code == 1


def test_colour_is_for_terminals_alone(ask: Ask) -> None:
    with responses.RequestsMock() as corbado:
        corbado.get(API, json=sample("project_config_good").answer)
        out = io.StringIO()
        call_command("corbado_doctor", origin=SITE, stdout=out, force_color=True)
        assert "\x1b[" in out.getvalue()
        assert "\x1b[" not in run("--origin", SITE)[0]


@pytest.mark.parametrize("columns", ["20", "60"])
def test_a_narrow_terminal_breaks_no_url(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with responses.RequestsMock() as corbado:
        corbado.get(API, json=sample("project_config_good").answer)
        text, _code = run()
    assert f"{SITE}/corbado/webhooks/actions/" in text


def test_the_help_teaches() -> None:
    text = (
        load_command_class("corbado_auth", "corbado_doctor")
        .create_parser("manage.py", "corbado_doctor")
        .format_help()
    )
    assert "python manage.py corbado_doctor --origin https://www.example.com\n" in text
    assert "own session management" in text


def test_the_emulator_and_its_site_fit(
    corbado_live: Corbado, live_server: Any, settings: LazySettings
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{HERE}.AnsweredBackend"]
    settings.CORBADO_TRUSTED_PROXIES = []
    settings.CORBADO_WEBHOOK_SECRETS = None
    text, code = run("--origin", live_server.url)
    assert (text.count("\nwrong"), text.count("\nwarning"), code) == (0, 1, 0), text
    assert "corbado_auth.W007" in text
    assert [request.path for request in corbado_live.requests] == ["/v1/projectConfig"]


def test_the_emulator_refuses_a_wrong_secret(corbado: Corbado, settings: LazySettings) -> None:
    settings.CORBADO_API_SECRET = "corbado1_canary"
    text, code = run()
    assert "Corbado rejects project ID and API secret" in text
    assert (code, "canary" in text) == (1, False)


@pytest.mark.parametrize(
    "failure", [{"status": 503}, {"drop": True}, {"body": "garbage"}], ids=json.dumps
)
def test_an_emulator_that_fails_is_one_line(corbado: Corbado, failure: dict[str, Any]) -> None:
    corbado.fail_next("/v1/projectConfig", times=0, **failure)
    text, code = run()
    assert "wrong    Connection" in text
    assert code == 1
