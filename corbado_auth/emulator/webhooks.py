"""Call the site's webhooks as Corbado does (API notes 3)."""

from __future__ import annotations

import json
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Delivery
from corbado_auth.emulator.request_log import masked
from corbado_auth.emulator.wire import ApiError, make_id

ACTIONS = ("authMethods", "passwordVerify")
TIMEOUT = 10.0  # INFERRED 23 from the tunnel of Corbado's command line (API notes 3)
MAX_ANSWER = 100_000
KEPT = 200


def is_on(project: Project, action: str) -> bool:
    """Return whether the project calls the webhook for this action."""
    config = project.config
    return bool(config["webhookURL"]) and action in config["webhookActions"]


def login_status(project: Project, username: str) -> str:
    """Ask whether the site knows a username: ``exists``, ``not_exists`` or ``blocked``.

    Without a webhook it is ``not_exists``: then Corbado's own data decide.
    """
    if not is_on(project, "authMethods"):
        return "not_exists"
    status = ask(project, "authMethods", {"username": username}).get("status")
    if status not in {"exists", "not_exists", "blocked"}:
        raise unreachable("The webhook answered with an unknown status")
    return str(status)


def password_is_right(project: Project, username: str, password: str) -> bool:
    """Ask whether a password is right; without a webhook it is not."""
    if not is_on(project, "passwordVerify"):
        return False
    answer = ask(project, "passwordVerify", {"username": username, "password": password})
    if not isinstance(answer.get("success"), bool):
        raise unreachable("The webhook answered without a success")
    return answer["success"] is True


def ask(project: Project, action: str, data: Mapping[str, str]) -> Mapping[str, Any]:
    """Call the webhook and return the ``data`` of its answer; raise ``client_error`` without any.

    Only status 200 with JSON counts. Redirects are not followed and nothing is retried, because a
    browser is waiting.
    """
    config = project.config
    delivery = send(
        project,
        action=action,
        url=str(config["webhookURL"]),
        credentials=f"{config['webhookUsername']}:{config['webhookPassword']}",
        body={"id": make_id("who"), "projectID": project.id, "action": action, "data": data},
        username=data["username"],
    )
    answer = _data(delivery.answer)
    if delivery.error or answer is None:
        raise unreachable(delivery.error or "The answer has no data")
    return answer


def send(
    project: Project,
    *,
    action: str,
    url: str,
    credentials: str,
    body: Mapping[str, Any],
    username: str,
) -> Delivery:
    """Ask the site once and record the outcome; ``error`` says why there is no answer."""

    def problem_of(status: int, answer: str) -> str:
        is_good = status == 200 and _json_object(answer) is not None
        return "" if is_good else "Only status 200 with JSON counts as an answer"

    headers = {"X-Corbado-Action": action}
    return deliver(
        project, action, url, credentials, headers, body, username=username, problem_of=problem_of
    )


def deliver(
    project: Project,
    action: str,
    url: str,
    credentials: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any],
    *,
    username: str,
    problem_of: Callable[[int, str], str],
) -> Delivery:
    """Call the site once and record the outcome; ``problem_of`` judges status and answer."""
    started = time.perf_counter()
    status, text, problem = 0, "", ""
    try:
        status, text = _post(url, credentials, headers, json.dumps(body))
    except (OSError, HTTPException, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
    parsed = _json_object(text)
    problem = problem or problem_of(status, text)
    store = project.store
    with store.transaction():
        for old in store.deliveries.all()[: -KEPT + 1]:
            store.deliveries.remove(old.id)
        return store.deliveries.put(
            Delivery(
                id=body.get("id") or make_id("who"),
                action=action,
                url=url,
                username=username,
                body=json.dumps(masked(dict(body))),
                response_id=str((parsed or {}).get("responseID", "")),
                status=status,
                answer=text,
                error=problem,
                runtime=round(time.perf_counter() - started, 6),
                created=store.now(),
            )
        )


def unreachable(details: str) -> ApiError:
    """Return the error for a site that does not answer (the status is INFERRED 23)."""
    return ApiError(400, "client_error", details)


def _post(url: str, credentials: str, more: Mapping[str, str], body: str) -> tuple[int, str]:
    parts = urlsplit(url)
    if parts.scheme == "https":
        connection: HTTPConnection = HTTPSConnection(
            parts.netloc, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        connection = HTTPConnection(parts.netloc, timeout=TIMEOUT)
    headers = {"Content-Type": "application/json", "User-Agent": "Corbado emulator", **more}
    if credentials:
        headers["Authorization"] = f"Basic {b64encode(credentials.encode()).decode()}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body.encode(), headers)
        response = connection.getresponse()
        return response.status, response.read(MAX_ANSWER).decode("utf-8", "replace")
    finally:
        connection.close()


def _data(text: str) -> Mapping[str, Any] | None:
    data = (_json_object(text) or {}).get("data")
    return data if isinstance(data, dict) else None


def _json_object(text: str) -> Mapping[str, Any] | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
