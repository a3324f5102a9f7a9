"""Start the real parts: the emulator and the example site, each a process of its own."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60
DATABASE = "site.sqlite3"
PROJECT_ID = "pro-1"
API_SECRET = "corbado1_made-up-secret-of-the-tests"
WEBHOOK_USER = "webhooks"
WEBHOOK_PASSWORD = "made-up-password-of-the-tests"


class Emulator:
    """The emulator as everybody else reaches it: through its control API."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def state(self) -> dict[str, Any]:
        return self._ask("GET", "state")

    @property
    def emails(self) -> list[dict[str, Any]]:
        return self._ask("GET", "emails")["emails"]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The calls of both APIs, oldest first."""
        return self._ask("GET", "requests")["requests"][::-1]

    def reset(self) -> None:
        """Go back to the start: nobody, nothing sent, the right time, everything works."""
        self._ask("POST", "reset", {})

    def add_user(self, email: str, **details: Any) -> dict[str, Any]:
        return self._ask("POST", "users", {"email": email, **details})

    def user(self, email: str) -> dict[str, Any]:
        return next(user for user in self.state["users"] if user["name"] == email)

    def issue_token(self, user: dict[str, Any]) -> str:
        """Return the whole Redirect URL, with an auth token for this user in it."""
        return self._ask("POST", "tokens", {"userID": user["ID"]})["redirectURL"]

    def advance(self, seconds: float) -> None:
        self._ask("POST", "clock", {"advance": seconds})

    def fail(self, path: str, **how: Any) -> None:
        self._ask("POST", "failures", {"path": path, **how})

    def limit_rate(self, requests: int) -> None:
        self._ask("POST", "rate-limit", {"requests": requests})

    def wait_for_email(self, to: str, *, count: int = 1) -> str:
        """Return the link of the newest email to an address, once there are so many."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            links = [email["link"] for email in self.emails if email["to"] == to]
            if len(links) >= count:
                return links[0]
            time.sleep(0.05)
        raise AssertionError(f"No email number {count} to {to}.")

    def calls(self) -> list[str]:
        """The calls of the frontend API in order, as "POST /v1/users/authmethods"."""
        return [
            f"{call['method']} {call['path']}"
            for call in self.requests
            if call["api"] == "frontend"
        ]

    def configure(self, **settings: Any) -> None:
        """Change the project, as in Corbado's developer panel; `reset()` takes it back."""
        self.backend("POST", "/v1/projectConfig", settings)

    def backend(self, method: str, path: str, payload: dict[str, Any]) -> Any:
        """Call the backend API with the project's credentials."""
        credentials = b64encode(f"{PROJECT_ID}:{API_SECRET}".encode()).decode()
        return self._send(method, path, payload, {"Authorization": f"Basic {credentials}"})

    def _ask(self, method: str, path: str, payload: dict[str, Any] | None = None) -> Any:
        return self._send(method, f"/_emulator/{path}", payload, {})

    def _send(
        self, method: str, path: str, payload: dict[str, Any] | None, headers: dict[str, str]
    ) -> Any:
        data = None if payload is None else json.dumps(payload).encode()
        request = Request(self.url + path, data=data, method=method, headers=headers)
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


@dataclass
class ExampleSite:
    """The example site with its emulator. `database` is the site's SQLite file."""

    url: str
    emulator: Emulator
    database: Path

    @property
    def login_url(self) -> str:
        """The login page, going on to the page that says how the person signed in."""
        return f"{self.url}/login/?next=/account/"

    def use_webhooks(self, url: str = "") -> None:
        """Have Corbado ask the site about its users and their passwords."""
        self.emulator.configure(
            webhookURL=url or f"{self.url}/corbado/webhooks/actions/",
            webhookUsername=WEBHOOK_USER,
            webhookPassword=WEBHOOK_PASSWORD,
            webhookActions=["authMethods", "passwordVerify"],
        )

    def reset(self) -> None:
        """Forget who signed in: emulator, sessions, accounts and the local users made for them."""
        self.emulator.reset()
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            connection.execute("DELETE FROM django_session")
            connection.execute("DELETE FROM corbado_auth_corbadoaccount")
            connection.execute("DELETE FROM corbado_auth_passkeynudge")
            connection.execute("DELETE FROM auth_user WHERE username LIKE 'usr-%'")

    def account(self, email: str) -> dict[str, Any] | None:
        """Return the CorbadoAccount row with this confirmed address, with its user's name."""
        return self._row(
            "SELECT account.*, person.username, person.password FROM"
            " corbado_auth_corbadoaccount AS account"
            " JOIN auth_user AS person ON person.id = account.user_id WHERE account.email = ?",
            email,
        )

    def session(self, key: str | None) -> dict[str, Any] | None:
        """Return a row of Django's session table."""
        return self._row("SELECT * FROM django_session WHERE session_key = ?", key)

    def _row(self, query: str, value: str | None) -> dict[str, Any] | None:
        with closing(sqlite3.connect(self.database, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute(query, (value,)).fetchone()
        return dict(row) if row else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def emulator(
    site_url: str, *, login_path: str, options: tuple[str, ...] = ()
) -> Iterator[Emulator]:
    """Run an emulator for a site: `python -m corbado_auth.emulator`, as its users do."""
    port = free_port()
    command = [
        *("-m", "corbado_auth.emulator"),
        *("--port", str(port)),
        *("--project-id", PROJECT_ID),
        *("--redirect-url", f"{site_url}/corbado/redirect/"),
        *("--application-url", f"{site_url}{login_path}"),
        *options,
    ]
    url = f"http://localhost:{port}"
    with process(command, probe=f"{url}/_emulator/state", env={"CORBADO_API_SECRET": API_SECRET}):
        yield Emulator(url)


def seed_database(folder: Path) -> Path:
    """Make the example site's database as `make demo` does, for `example_site` to copy."""
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "EXAMPLE_DATA_DIR": str(folder),
    }
    for command in (["migrate", "--verbosity=0"], ["seed_example"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=env,
            check=True,
            capture_output=True,
        )
    return folder / DATABASE


@contextmanager
def example_site(
    seeded: Path, folder: Path, emulator_options: tuple[str, ...] = ()
) -> Iterator[ExampleSite]:
    """Run the example site on a copy of a seeded database, and an emulator beside it."""
    shutil.copy(seeded, folder / DATABASE)
    port = free_port()
    url = f"http://localhost:{port}"
    with emulator(url, login_path="/login/", options=emulator_options) as running:
        env = {
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "EXAMPLE_DATA_DIR": str(folder),
            "CORBADO_PROJECT_ID": PROJECT_ID,
            "CORBADO_API_SECRET": API_SECRET,
            "CORBADO_BACKEND_API_URL": running.url,
            "CORBADO_FRONTEND_API_URL": running.url,
            "CORBADO_WEBHOOK_SECRETS": f"{WEBHOOK_USER}:{WEBHOOK_PASSWORD}",
        }
        serve = ["manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
        with process(serve, probe=f"{url}/", env=env):
            yield ExampleSite(url, running, folder / DATABASE)


class Drain(threading.Thread):
    """Read what a process prints, so that it never waits for a reader; keep the end of it."""

    def __init__(self, started: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._stream = started.stdout
        self._lines: deque[str] = deque(maxlen=200)
        self.start()

    def run(self) -> None:
        with self._stream or io.StringIO() as stream:
            self._lines.extend(stream)

    def text(self) -> str:
        return "".join(self._lines)


@contextmanager
def process(command: list[str], *, probe: str, env: dict[str, str]) -> Iterator[None]:
    """Run a Python program until the block ends; go on once `probe` answers."""
    started = subprocess.Popen(
        [sys.executable, "-u", *command],
        cwd=ROOT,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = Drain(started)
    try:
        _wait_until_it_answers(started, probe, output)
        yield
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        output.join(5)
        if "Traceback" in output.text():
            print(output.text())


def _wait_until_it_answers(started: subprocess.Popen[str], probe: str, output: Drain) -> None:
    deadline = time.monotonic() + START_SECONDS
    while started.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(probe, timeout=5):
                return
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"{started.args} did not start:\n{output.text()}")
