"""``python -m corbado_auth.emulator`` and ``manage.py corbado_emulator``, as people type them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import override_settings

from corbado_auth.emulator import cli
from tests.plugins.strict import ROOT

MODULE = (sys.executable, "-m", "corbado_auth.emulator")
MANAGE = (sys.executable, "manage.py", "corbado_emulator")
SITE = {"DJANGO_SETTINGS_MODULE": "example_project.settings"}
START_SECONDS = 90
Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return the function that starts a command and waits for the address that it prints."""
    running: list[subprocess.Popen[str]] = []

    def run(*command: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **SITE, "EXAMPLE_DATA_DIR": str(tmp_path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process, _wait_for(process, r"(http://\S+)  \(both")

    yield run
    for process in running:
        process.kill()
        process.communicate()


def _wait_for(process: subprocess.Popen[str], pattern: str) -> str:
    """Read until a line fits; a process that says nothing for too long is ended, not waited for."""
    assert process.stdout is not None
    assert process.stderr is not None
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    seen = ""
    try:
        for line in process.stdout:
            seen += line
            if found := re.search(pattern, line):
                return found[1]
    finally:
        watchdog.cancel()
    raise AssertionError(seen + process.stderr.read())


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MODULE, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("command", [MODULE, MANAGE], ids=["module", "manage.py"])
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_stops_quietly(
    start: Start, command: tuple[str, ...], stop: signal.Signals
) -> None:
    process, url = start(*command, "--port", "0")
    assert requests.get(f"{url}/_emulator/state", timeout=10).status_code == 200
    process.send_signal(stop)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_a_path_writes_no_line_of_its_own_into_the_terminal(start: Start) -> None:
    process, url = start(*MODULE, "--port", "0")
    requests.get(f"{url}/v1/a%0Ab%1B[31m", timeout=30)
    assert _wait_for(process, r"^(GET /v1/.*)") == "GET /v1/a%0Ab%1B[31m 404"


def test_it_prints_calls_without_their_secrets(start: Start) -> None:
    process, url = start(*MODULE, "--port", "0")
    requests.get(f"{url}/v1/users?corbadoAuthToken={'A' * 64}", timeout=10)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert "GET /v1/users 401" in output
    assert "AAAA" not in output


def test_credentials_come_from_the_environment(start: Start) -> None:
    _, url = start(
        *MODULE, "--port", "0", CORBADO_PROJECT_ID="pro-7", CORBADO_API_SECRET="corbado1_x"
    )
    auth = ("pro-7", "corbado1_x")
    assert requests.get(f"{url}/v1/users", auth=auth, timeout=10).status_code == 200


def test_flags_beat_the_environment(start: Start) -> None:
    flags = ("--project-id", "pro-8", "--api-secret", "corbado1_y")
    _, url = start(
        *MODULE, "--port", "0", *flags, CORBADO_PROJECT_ID="pro-7", CORBADO_API_SECRET="z"
    )
    auth = ("pro-8", "corbado1_y")
    assert requests.get(f"{url}/v1/users", auth=auth, timeout=10).status_code == 200


def test_the_web_component_can_be_ones_own(start: Start, tmp_path: Path) -> None:
    component = tmp_path / "package.umd"
    component.write_text("// ours")
    _, url = start(*MODULE, "--port", "0", "--web-component", str(component))
    response = requests.get(f"{url}/auth.js", timeout=10)
    assert response.text == "// ours"
    assert response.headers["Content-Type"].startswith("text/javascript")
    project = requests.get(f"{url}/_emulator/state", timeout=10).json()["project"]
    assert project["webComponent"] == "package.umd"


def test_a_busy_port_is_told_with_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = _run("--port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert re.search(r"Port \d+ on 127.0.0.1 cannot be used.*--port", result.stderr)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--port", "web"], "invalid int value"),
        (["--port", "70000"], "65535"),
        (["--host", "0.0.0.0"], "--expose"),  # noqa: S104 - refused, that is the test
        (["--redirect-url", "localhost:8000"], "redirect URL"),
        (["--origin", "http://localhost:8000/"], "origin"),
        (["--webhook-credentials", "hook"], "user:password"),
        (["--seed", "no-such-file"], "seed file"),
        (["--web-component", "no-such-file"], "web component file"),
        (["--colour"], "--colour"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_wrong_flag_is_explained_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], word: str
) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2
    assert word in capsys.readouterr().err


def test_a_bad_state_file_is_told_with_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--state", str(tmp_path / "no" / "file")]) == 1
    assert "cannot be opened" in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert all(word in text for word in ("/_emulator/", "examples:", "--state", "--expose"))
    assert "corbado1_" not in text


@pytest.mark.parametrize("missing", ["werkzeug", "webauthn"])
def test_without_the_extra_manage_py_says_what_to_install(missing: str) -> None:
    script = (
        f"import sys; sys.modules['{missing}'] = None\n"
        "import manage; sys.argv = ['manage.py', 'corbado_emulator']; manage.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **SITE},
        check=False,
    )
    assert result.returncode == 2
    assert "pip install 'django-corbado-auth[emulator]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.security
def test_manage_py_refuses_without_debug() -> None:
    with override_settings(DEBUG=False), pytest.raises(CommandError, match="DEBUG"):
        call_command("corbado_emulator", port=0)


class TestManagePy:
    @pytest.fixture(autouse=True)
    def _debug(self) -> Iterator[None]:
        with override_settings(DEBUG=True):
            yield

    @pytest.fixture
    def started_with(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """Return the list into which the config goes instead of being served."""
        configs: list[Any] = []
        monkeypatch.setattr(cli, "serve", lambda config, say: configs.append(config))
        return configs

    def test_it_knows_the_sites_settings_and_urls(self, started_with: list[Any]) -> None:
        with override_settings(
            CORBADO_PROJECT_ID="pro-5",
            CORBADO_API_SECRET="corbado1_z",
            CORBADO_FRONTEND_API_URL="http://localhost:9555",
            CORBADO_WEBHOOK_SECRETS=["hook:pass:word"],
        ):
            call_command("corbado_emulator")
        (config,) = started_with
        assert (config.project_id, config.api_secret, config.port) == ("pro-5", "corbado1_z", 9555)
        assert config.redirect_url == "http://localhost:8000/corbado/redirect/"
        assert config.application_url == "http://localhost:8000/corbado/login/"
        assert config.webhook_credentials == "hook:pass:word"
        assert config.identifier_credentials == "hook:pass:word"

    def test_it_knows_the_sites_connect_settings(self, started_with: list[Any]) -> None:
        with override_settings(
            CORBADO_CONNECT_PROJECT_ID="pro-77",
            CORBADO_CONNECT_API_SECRET="corbado1_c",
            CORBADO_BACKEND_API_KEY="key-of-the-site",
        ):
            call_command("corbado_emulator")
        (config,) = started_with
        assert (config.connect_project_id, config.connect_api_secret) == ("pro-77", "corbado1_c")
        assert config.backend_api_key == "key-of-the-site"

    def test_double_opt_in_is_off_unless_asked_for(self, started_with: list[Any]) -> None:
        call_command("corbado_emulator")
        call_command("corbado_emulator", "--double-opt-in")
        assert [config.double_opt_in for config in started_with] == [False, True]

    def test_flags_beat_the_settings(self, started_with: list[Any]) -> None:
        call_command("corbado_emulator", project_id="pro-6", port=1234)
        assert (started_with[0].project_id, started_with[0].port) == ("pro-6", 1234)

    def test_a_site_without_our_urls_can_start_it(self, started_with: list[Any]) -> None:
        with override_settings(ROOT_URLCONF="tests.emulator.no_urls"):
            call_command("corbado_emulator")
        assert started_with[0].redirect_url == "http://localhost:8000/corbado/redirect/"

    def test_a_wrong_flag_is_a_usage_error(self) -> None:
        with pytest.raises(CommandError) as caught:
            call_command("corbado_emulator", host="192.0.2.1")
        assert caught.value.returncode == 2

    def test_a_busy_port_is_a_command_error(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(CommandError, match="cannot be used") as caught:
                call_command("corbado_emulator", port=port)
        assert caught.value.returncode == 1
