"""Hold the state of an emulator, which the test kit and the control API read and change."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.config import ConfigError, EmulatorConfig
from corbado_auth.emulator.connect import signed_data, users
from corbado_auth.emulator.connect.switches import Switches, turn
from corbado_auth.emulator.events import EventSender, set_endpoint
from corbado_auth.emulator.failures import FailurePlan
from corbado_auth.emulator.project import AUTH_TOKEN_LIFETIME, Project
from corbado_auth.emulator.rate_limit import RateLimit
from corbado_auth.emulator.records import Setting, Token, User
from corbado_auth.emulator.request_log import Entry, RequestLog
from corbado_auth.emulator.store import StateFile
from corbado_auth.emulator.wire import make_id, not_found, random_text

TEN_YEARS = 10 * 366 * 24 * 3600


class Control:
    """The state of an emulator; ``project`` is its first project, often also for Connect."""

    def __init__(self, config: EmulatorConfig, echo: Callable[[Entry], None] | None = None) -> None:
        self.config = config
        self.base_url = ""
        self.failures = FailurePlan()
        self.log = RequestLog(echo)
        self.rate_limit = RateLimit(config.rate_limit)
        self.events = EventSender(config.events_pause)
        self._state = StateFile(config.state) if config.state else None
        with ExitStack() as undo:
            undo.callback(self.close)
            pairs = [(config.project_id, config.api_secret), *config.other_projects]
            if config.connect_project_id not in {"", config.project_id}:
                pairs.append((config.connect_project_id, config.connect_api_secret))
            self.projects = {
                project_id: Project(config, project_id, secret, self._state)
                for project_id, secret in pairs
            }
            self.project = self.projects[config.project_id]
            self.connect_project = self.projects[config.connect_project_id or config.project_id]
            self._seed()
            for project in self.projects.values():
                project.store.watch = partial(self.events.notice, project)
            undo.pop_all()

    @property
    def revision(self) -> int:
        """A number that grows with every change a page could show."""
        parts = (self.failures, self.log, self.rate_limit)
        return sum(project.store.revision for project in self.projects.values()) + sum(
            part.revision for part in parts
        )

    def bound_to(self, base_url: str) -> None:
        """Note where the server answers; the address given out is the one browsers use."""
        self.base_url = self.config.public_url or base_url
        for project in self.projects.values():
            project.base_url = self.base_url

    def close(self) -> None:
        self.events.close()
        if self._state is not None:
            self._state.close()

    def reset(self) -> None:
        """Start over: no users, tokens, emails or failures, and the clock set right."""
        for project in self.projects.values():
            project.store.clear()
        self.failures.remove()
        self.log.clear()
        self.rate_limit.reset()
        self._seed()

    def add_user(self, email: str, full_name: str = "", *, confirmed: bool = True) -> User:
        """Create a user; raise ``ApiError`` if the address is taken."""
        return accounts.create_user(
            self.project,
            name=email,
            full_name=full_name,
            email=email,
            status="active" if confirmed else "pending",
            confirmed=confirmed,
        )

    def issue_auth_token(self, user_id: str) -> Token:
        """Issue an auth token as after a sign-in."""
        if self.project.store.users.get(user_id) is None:
            raise not_found("user doesn't exist")
        return self.project.issue_token("auth", user_id, AUTH_TOKEN_LIFETIME)

    def send_events_to(self, url: str, credentials: str = "") -> None:
        """Send the events of all projects to this URL; empty: only to those of API v2."""
        for project in self.projects.values():
            set_endpoint(project, url, credentials)

    def turn_connect(self, **values: bool | int | str) -> Switches:
        """Change Connect's switches, named as in the control API; return all of them."""
        return turn(self.connect_project, values)

    def issue_signed_passkey_data(self, identifier: str, **claims: Any) -> str:
        """Return a ``signedPasskeyData`` as after a passkey login of this Connect user.

        A missing user is created. ``claims`` override the usual ones: ``exp=0`` makes it expired,
        ``iss="pro-2"`` makes it another project's.
        """
        project = self.connect_project
        user = users.get_or_create(project, identifier)
        known = users.passkeys(project, user.id)
        return signed_data.issue(
            project,
            user,
            credential_id=known[0].id if known else make_id("cre"),
            process_id=f"prc-{random_text(16)}",
            **claims,
        )

    def advance(self, seconds: float) -> float:
        """Move the clock of every project forward; return how far it is ahead now."""
        for project in self.projects.values():
            store = project.store
            with store.transaction():
                ahead = store.clock_offset + seconds
                store.settings.put(Setting(id="clock", value=min(ahead, TEN_YEARS)))
        return self.project.store.clock_offset

    def _seed(self) -> None:
        if self.config.events_url:
            self.send_events_to(self.config.events_url, self.config.events_credentials)
        if self.config.seed is None:
            return
        for row in read_seed(self.config.seed.read_bytes()):
            if not accounts.identifier_taken(self.project, "email", row["email"]):
                self.add_user(
                    row["email"], row.get("fullName", ""), confirmed=row.get("confirmed", True)
                )


def read_seed(text: bytes) -> list[dict[str, Any]]:
    """Read ``{"users": [{"email", "fullName"?, "confirmed"?}]}``; raise ``ConfigError``."""
    try:
        users = json.loads(text)["users"]
        rows = [dict(row) for row in users]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError('The seed file must be JSON like {"users": [{"email": …}]}.') from error
    for row in rows:
        types = {"email": str, "fullName": str, "confirmed": bool}
        wrong = [key for key, value in row.items() if not isinstance(value, types.get(key, ()))]
        if wrong or not row.get("email"):
            raise ConfigError(
                "Each user of the seed file has an email, and may have fullName and confirmed; "
                f"this one does not fit: {json.dumps(row)}."
            )
    return rows
