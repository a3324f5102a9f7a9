"""The emulator as a process of its own, and its control API."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from tests.support.processes import free_port, python

PROJECT_ID = "pro-1"
API_SECRET = "corbado1_made-up-secret-of-the-tests"


class Emulator:
    """The emulator as everyone else reaches it: through its control API."""

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
        """Start over: no users, no emails, the right time, no failures."""
        self._ask("POST", "reset", {})

    def add_user(self, email: str, **details: Any) -> dict[str, Any]:
        return self._ask("POST", "users", {"email": email, **details})

    def user(self, email: str) -> dict[str, Any]:
        return next(user for user in self.state["users"] if user["name"] == email)

    def issue_token(self, user: dict[str, Any]) -> str:
        """Return the whole Redirect URL, with an auth token for this user in it."""
        return self._ask("POST", "tokens", {"userID": user["ID"]})["redirectURL"]

    def token(self, user_id: str) -> str:
        """Return an auth token alone."""
        return self._ask("POST", "tokens", {"userID": user_id})["token"]

    def advance(self, seconds: float) -> None:
        self._ask("POST", "clock", {"advance": seconds})

    def fail(self, path: str, **how: Any) -> None:
        self._ask("POST", "failures", {"path": path, **how})

    def limit_rate(self, requests: int) -> None:
        self._ask("POST", "rate-limit", {"requests": requests})

    def wait_for_email(self, to: str, *, count: int = 1) -> str:
        """Return the link of the newest email to an address, once there are this many."""
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
        """Change the project, as in Corbado's developer panel; ``reset()`` takes it back."""
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


@contextmanager
def run_emulator(
    site_url: str, *, login_path: str, options: tuple[str, ...] = ()
) -> Iterator[Emulator]:
    """Run an emulator for a site: ``python -m corbado_auth.emulator``, as its users do."""
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
    with python(command, probe=f"{url}/_emulator/state", env={"CORBADO_API_SECRET": API_SECRET}):
        yield Emulator(url)
