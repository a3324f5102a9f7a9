"""Send event webhooks: what has changed, after the fact (API notes 6.3).

Events are found by comparing records before and after each transaction, so that every way to change
something causes them: both APIs, the component, and the control API.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

from corbado_auth.emulator import accounts, webhooks
from corbado_auth.emulator.connect.passkeys import identifier_type
from corbado_auth.emulator.devices import browser_name, system_name
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import (
    ConnectUser,
    Credential,
    Identifier,
    User,
    WebhookEndpoint,
)
from corbado_auth.emulator.store import Difference

EVENTS = (
    "passkey-login.completed",
    "passkey.created",
    "passkey.deleted",
    "user.created",
    "user.updated",
    "user.deleted",
)
ATTEMPTS = 3  # API notes 6.3: "up to two retries"
# The endpoint of the command line or of the emulator's page.
SET_BY_HAND = "web-emulator"

Event = tuple[str, dict[str, Any]]


class EventSender:
    """Sends events in a thread of its own, in order, and tries each up to three times.

    ``pause`` is the seconds between two attempts (INFERRED 38).
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._queue: SimpleQueue[tuple[Project, WebhookEndpoint, dict[str, Any]]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._idle = threading.Condition()
        self._waiting = 0

    def notice(self, project: Project, differences: list[Difference]) -> None:
        """Queue the events of one transaction."""
        if project.store.webhook_endpoints.all():
            for event, data in events_of(project, differences):
                self.queue(project, event, data)

    def queue(self, project: Project, event: str, data: dict[str, Any]) -> int:
        """Queue one event for each endpoint that subscribed to it; return for how many."""
        moment = datetime.fromtimestamp(project.store.now(), UTC)
        body = {
            "type": event,
            "metadata": {"ip": "", "os": "", "browser": "", "customHeaders": {}},
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
            "data": data,
        }
        wanted = [row for row in project.store.webhook_endpoints.all() if event in row.events]
        for endpoint in wanted:
            with self._idle:
                self._waiting += 1
            self._queue.put((project, endpoint, body))
        if wanted and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="corbado-events", daemon=True)
            self._thread.start()
        return len(wanted)

    def wait(self, timeout: float = 30) -> bool:
        """Wait until all events were sent or given up; return False if that takes too long."""
        with self._idle:
            return self._idle.wait_for(lambda: self._waiting == 0, timeout)

    def close(self) -> None:
        """Give up what is queued."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            project, endpoint, body = self._queue.get()
            try:
                self._try(project, endpoint, body)
            finally:
                with self._idle:
                    self._waiting -= 1
                    self._idle.notify_all()

    def _try(self, project: Project, endpoint: WebhookEndpoint, body: dict[str, Any]) -> None:
        has_credentials = endpoint.username or endpoint.password
        credentials = f"{endpoint.username}:{endpoint.password}" if has_credentials else ""
        custom = {str(name): str(value) for name, value in endpoint.custom_headers.items()}
        for attempt in range(ATTEMPTS):
            if attempt and self._stopped.wait(self._pause):
                return
            delivery = webhooks.deliver(
                project,
                body["type"],
                endpoint.url,
                credentials,
                {**custom, "X-Corbado-Webhook-Event": body["type"]},
                body,
                username=body["data"].get("userID") or body["data"]["user"]["id"],
                problem_of=_problem,
            )
            if not delivery.error:
                return


def set_endpoint(project: Project, url: str, credentials: str = "") -> None:
    """Send all events to this URL, in place of the one that was set here before; empty: to none.

    URLs that the site registered by API v2 stay, and get these credentials if it is one of them.
    """
    username, _, password = credentials.partition(":")
    endpoints = project.store.webhook_endpoints
    with project.store.transaction():
        endpoints.remove(SET_BY_HAND)
        if not url:
            return
        known = next((row for row in endpoints.all() if row.url == url), None)
        now = project.store.now()
        endpoints.put(
            WebhookEndpoint(
                id=known.id if known else SET_BY_HAND,
                url=url,
                username=username,
                password=password,
                events=list(EVENTS),
                custom_headers={},
                created=known.created if known else now,
                updated=now,
            )
        )


def events_of(project: Project, differences: list[Difference]) -> Iterator[Event]:
    """Yield the events that amount to these differences, each once (INFERRED 39)."""
    deleted = {row.id for row, now in differences if now is None and _is_user(row)}
    created: set[str] = set()
    updated: set[str] = set()
    for before, after in differences:
        row = after or before
        if _is_user(row):
            if after is None:
                yield "user.deleted", {"userID": row.id}
            elif after.status != "pending" and (before is None or before.status == "pending"):
                created.add(row.id)
            elif before is not None and _shown(before) != _shown(after):
                updated.add(row.id)
        elif isinstance(row, Identifier) and _address(before) != _address(after):
            updated.add(row.user_id)
        elif isinstance(row, Credential):
            event = _passkey_event(before, after)
            if event and row.user_id not in deleted:
                yield event, passkey_data(row)
    for user_id in created - deleted:
        yield "user.created", _user_data(project, user_id)
    for user_id in updated - created - deleted:
        if not _is_pending(project, user_id):
            yield "user.updated", _user_data(project, user_id)


def passkey_data(row: Credential) -> dict[str, Any]:
    """Return the ``data`` of an event about a passkey."""
    return {
        "userID": row.user_id,
        "credential": {
            "id": row.id,
            "webAuthnID": row.webauthn_id,
            "browser": browser_name(row.user_agent),
            "os": system_name(row.user_agent),
        },
    }


def event_data(project: Project, event: str, user_id: str, passkey_id: str) -> dict[str, Any]:
    """Return the ``data`` of an event that is sent by hand: it need not be true."""
    if event in {"user.created", "user.updated"}:
        return _user_data(project, user_id)
    if event == "user.deleted":
        return {"userID": user_id}
    credential = {"id": passkey_id, "webAuthnID": "", "browser": "", "os": ""}
    return {"userID": user_id, "credential": credential}


def _passkey_event(before: Credential | None, after: Credential | None) -> str:
    was_active = before is not None and before.status == "active"
    is_active = after is not None and after.status == "active"
    if was_active and after is None:
        return "passkey.deleted"
    if is_active and not was_active:
        return "passkey.created"
    if before is not None and after is not None and before.last_used != after.last_used:
        return "passkey-login.completed"
    return ""


def _user_data(project: Project, user_id: str) -> dict[str, Any]:
    store = project.store
    user = store.users.get(user_id) or store.connect_users.get(user_id)
    name, status = _shown(user) if user is not None else ("", "active")
    rows: list[dict[str, Any]] = []
    if isinstance(user, ConnectUser) and user.identifier:
        kind = identifier_type(user.identifier)
        rows = [{"id": user.id, "type": kind, "value": user.identifier, "status": "verified"}]
    for row in accounts.identifiers(project, user_id, "email"):
        verified = "verified" if row.status == "active" else "pending"
        rows.append({"id": row.id, "type": "email", "value": row.value, "status": verified})
    for each in rows:
        each["id"] = "ide-" + each["id"].partition("-")[2]
    return {"user": {"id": user_id, "fullName": name, "status": status}, "identifiers": rows}


def _is_user(row: Any) -> bool:
    return isinstance(row, User | ConnectUser)


def _is_pending(project: Project, user_id: str) -> bool:
    user = project.store.users.get(user_id) or project.store.connect_users.get(user_id)
    return user is None or user.status == "pending"


def _shown(user: User | ConnectUser) -> tuple[str, str]:
    name = user.display_name if isinstance(user, ConnectUser) else user.full_name
    return name, user.status


def _address(row: Identifier | None) -> tuple[str, str] | None:
    return (row.value, row.status) if row is not None else None


def _problem(status: int, _answer: str) -> str:
    return "" if 200 <= status < 300 else "Only a 2xx counts as received"
