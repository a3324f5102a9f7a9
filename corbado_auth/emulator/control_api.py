"""Serve the control API, JSON under ``/_emulator/``, for developers and tests.

The page ``/_emulator/`` uses only these routes. Its Content-Security-Policy allows no inline script
and no inline style (``pages.PAGE_POLICY``).

Every route answers JSON. A refusal is ``{"error": "a sentence"}`` with 400, 403, 404, 405, 413 or
415. POST and DELETE need ``Content-Type: application/json``. All routes refuse a foreign
``Origin``, and a ``Sec-Fetch-Site`` other than same-origin and none. Times are UTC,
``yyyy-MM-ddTHH:mm:ss``, on the emulator's clock (but ``created`` of a request is real time);
durations are seconds. Lists are newest first.

``GET state``::

    {"revision": 17,  # grows with every change and request: poll, and redraw when it changes
     "now": "2026-01-31T12:00:00", "clockOffset": 360,
     "project": {"projectID", "name", "applicationURL", "redirectURL",
                 "webhookURL", "webhookActions": [], "eventURLs": [], "rpID", "origins": [],
                 "webComponent": "built-in" | "<file name>",
                 "allowUserRegistration": true, "doubleOptIn": false},
     "rateLimit": null | {"requests": 100, "seconds": 10},
     "userCount": 2,  # the lists below hold the newest 500 of each
     "users": [{"ID", "name", "fullName", "status": "active|pending|disabled", "created",
                "emails": [{"ID", "email", "status": "active|pending"}],
                "passkeys": [{"ID", "status": "active|pending", "created", "lastUsed",
                              "userAgent", "backedUp": bool}]}],
     "tokens": [{"ID", "token": "6GQd… (64)", "kind": "auth|session|association|login",
                 "userID", "email", "state": "unused|used|expired",
                 "created", "expires", "expiresIn": 297.5}],
     "connect": {"projectID", "switches": {…},  # see POST connect
                 "userCount": 1,
                 "users": [{"ID", "identifier", "displayName", "userHandle", "status", "created",
                            "passkeys": […]}],
                 "tokens": [{"ID", "token": "ctk1… (35)", "type", "identifier",
                             "state": "unused|used|expired", "created", "expires", "expiresIn"}]},
     "failures": [{"ID", "method", "path", "status", "delay", "drop", "body", "retryAfter",
                   "times", "left"}],  # left: how often it will still happen; null: until removed
     "webhooks": [{"ID", "action", "url", "username", "status", "error", "answer",
                   "runtime", "created"}]}

``GET requests``, the last 1000 calls of the two APIs, without preflights::

    {"revision": 17,
     "requests": [{"ID": "req-…", "created", "api": "backend|frontend|none",
                   "method", "path", "query", "headers": {"Name": "value"},
                   "body": {…} | "text" | null,
                   "status": 200 | null,  # null: the connection was dropped
                   "response": {…} | "text" | null, "runtime": 0.0123, "planned": false}]}

Authorization, Cookie, passwords and tokens are masked.

``GET emails``::

    {"revision": 17,
     "emails": [{"ID": "eml-…", "to", "subject", "text", "link",
                 "purpose": "login|sign-up|confirmation|authentication|invitation",
                 "created", "expires", "expiresIn", "state": "open|confirmed|expired"}]}

The other routes:

``POST reset`` ``{}`` -> ``{}``
    Start over: no users, tokens, emails, requests or failures; clock and project settings as at the
    start. A seed file is read again.
``POST users`` ``{"email", "fullName"?, "confirmed"? = true}`` -> one of ``users``
    400 if the address is taken.
``POST tokens`` ``{"userID"}`` -> ``{"token", "redirectURL", "expires"}``
    Issue an auth token as after a sign-in.
``POST connect`` ``{…}`` -> ``{"switches"}``
    Change any of Connect's switches: ``loginKillSwitchActive``, ``appendKillSwitchActive``,
    ``manageKillSwitchActive``, ``conditionalUI``, ``isCDA``, ``autoAppend``, ``conditionalAppend``,
    ``requireConnectLoginToken`` (true or false); ``rollout``, the percentage of browsers that may
    use passkeys; ``fallback``, the code with which every login falls back; ``verificationResult``,
    the answer to every verification; ``session``, what a post-login action would return, where
    ``{signedPasskeyData}`` is replaced by the JWT; ``identifierURL`` and ``identifierCredentials``
    (user:password), the site's endpoint that finds the identifier for a typed name. An empty string
    switches a text off.
``POST connect/signed-passkey-data`` ``{"identifier"}`` -> ``{"signedPasskeyData"}``
    Return what a passkey login of this Connect user would hand to the page; a missing user is
    created.
``POST clock`` ``{"advance": seconds}`` -> ``{"now", "clockOffset"}``
    Move the clock: forward only, at most ten years in all.
``POST failures`` ``{"path", "method"?, "status"?, "delay"?, "drop"?, "body"?, "retryAfter"?,
"times"? = 1}`` -> one of ``failures``
    Plan a failure. ``*`` in the path matches anything; give at least one of status, delay, drop and
    body ("truncated", "garbage" or "empty"); times 0 means until it is removed.
``DELETE failures`` ``{"ID"?}`` -> ``{}``
    Remove that one, or all.
``POST rate-limit`` ``{"requests", "seconds"? = 10}`` -> ``{"rateLimit"}``
    Limit the calls per client address; 0 switches the limit off.
``POST event-url`` ``{"url", "credentials"? = "user:password"}`` -> ``{"eventURLs"}``
    Send the events of all projects to this URL, in place of the one that was set before; to none if
    it is empty. URLs that were registered by ``/v2/webhookEndpoints`` stay.
``POST events`` ``{"type", "userID", "passkeyID"?}`` -> ``{"sent": 1}``
    Send an event, true or not, to each URL that subscribed to it; ``sent`` is the number of URLs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from corbado_auth.emulator import overview
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.config import origin_of
from corbado_auth.emulator.connect.switches import TYPES
from corbado_auth.emulator.control import Control
from corbado_auth.emulator.events import EVENTS, event_data
from corbado_auth.emulator.failures import BODIES, MAX_DELAY, Failure
from corbado_auth.emulator.guard import is_own_page
from corbado_auth.emulator.wire import ApiError, make_id, timestamp


class Refusal(ValueError):
    """A refused control call; its text is the sentence to answer with."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def respond(control: Control, request: Request) -> Response:
    """Answer one control call."""
    try:
        if not is_own_page(request):
            raise Refusal(403, "Only the emulator's own page and programs may call this.")
        answer, status = _answer(control, request), 200
    except Refusal as refusal:
        answer, status = {"error": str(refusal)}, refusal.status
    except RequestEntityTooLarge:
        answer, status = {"error": "The body is too large."}, 413
    response = Response(json.dumps(answer), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _answer(control: Control, request: Request) -> Mapping[str, Any]:
    methods = ROUTES.get(request.path.removeprefix("/_emulator/"))
    if methods is None:
        raise Refusal(404, "There is no such control route.")
    handler = methods.get(request.method)
    if handler is None:
        raise Refusal(405, f"This route takes {' and '.join(methods)}.")
    return handler(control, {} if request.method == "GET" else _body(request))


def _body(request: Request) -> Mapping[str, Any]:
    # Pages of other sites cannot send this type without a preflight, which fails.
    if request.mimetype != "application/json":
        raise Refusal(415, "Send JSON, with Content-Type: application/json.")
    try:
        body = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return body


def _take(given: Mapping[str, Any], /, **types: type) -> dict[str, Any]:
    """Return the known fields of a body, absent ones as None; refuse others and wrong types."""
    unknown = ", ".join(sorted(set(given) - set(types)))
    if unknown:
        raise Refusal(400, f"Unknown: {unknown}. This route knows {', '.join(types)}.")
    for name, value in given.items():
        wanted = (int, float) if types[name] is float else types[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and types[name] is not bool):
            raise Refusal(400, f"{name} must be a {NAMES[types[name]]}.")
    return {name: given.get(name) for name in types}


NAMES = {str: "string", bool: "boolean", float: "number", int: "whole number"}


def _reset(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    _take(body)
    control.reset()
    return {}


def _add_user(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = _take(body, email=str, fullName=str, confirmed=bool)
    if not EMAIL_FORM.fullmatch(given["email"] or ""):
        raise Refusal(400, "Give an email address.")
    try:
        user = control.add_user(
            given["email"], given["fullName"] or "", confirmed=given["confirmed"] is not False
        )
    except ApiError as error:
        raise Refusal(400, "A user with this email address exists.") from error
    return overview.user(control.project, user)


def _issue_token(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = _take(body, userID=str)
    try:
        token = control.issue_auth_token(given["userID"] or "")
    except ApiError as error:
        raise Refusal(404, "There is no user with this userID.") from error
    return {
        "token": token.id,
        "redirectURL": control.project.redirect_url_for(token),
        "expires": timestamp(token.expires),
    }


def _move_clock(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    seconds = _take(body, advance=float)["advance"]
    if seconds is None or not 0 <= seconds < float("inf"):
        raise Refusal(400, "advance is the number of seconds to go forward.")
    offset = control.advance(seconds)
    return {"now": timestamp(control.project.store.now()), "clockOffset": offset}


def _plan_failure(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = _take(
        body,
        method=str,
        path=str,
        status=int,
        delay=float,
        drop=bool,
        body=str,
        retryAfter=str,
        times=int,
    )
    return plan_failure(control, **given).public()


def plan_failure(control: Control, **given: Any) -> Failure:
    """Plan one failure from the fields of ``POST failures``; raise ``Refusal`` if wrong."""
    values = {name: value for name, value in given.items() if value is not None}
    if not str(values.get("path", "")).startswith(("/", "*")):
        raise Refusal(400, "path begins with /, for example /v1/authTokens/validate.")
    if not any(values.get(name) for name in ("status", "delay", "drop", "body")):
        raise Refusal(400, "Say how it fails: status, delay, drop or body.")
    if not 0 <= values.get("delay", 0) <= MAX_DELAY:
        raise Refusal(400, f"delay is in seconds, at most {MAX_DELAY:.0f}.")
    if "status" in values and not 200 <= values["status"] <= 599:
        raise Refusal(400, "status is an HTTP status from 200 to 599.")
    if values.get("body", BODIES[0]) not in BODIES:
        raise Refusal(400, f"body is one of {', '.join(BODIES)}.")
    if values.get("times", 1) < 0:
        raise Refusal(400, "times is how often it fails; 0 is until removed.")
    if not str(values.get("retryAfter", "")).isprintable():
        raise Refusal(400, "retryAfter is seconds or an HTTP date.")
    values["method"] = str(values.get("method", "")).upper()
    values["retry_after"] = values.pop("retryAfter", "")
    return control.failures.add(**values)


def _remove_failure(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    failure_id = _take(body, ID=str)["ID"]
    if not control.failures.remove(failure_id or "") and failure_id:
        raise Refusal(404, "There is no planned failure with this ID.")
    return {}


def _limit_rate(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = _take(body, requests=int, seconds=float)
    requests, seconds = given["requests"], given["seconds"] or 10.0
    if requests is None or requests < 0 or not 0 < seconds <= 3600:
        raise Refusal(
            400, "requests is the number of calls per client within seconds; 0 switches it off."
        )
    control.rate_limit.set(requests, seconds)
    return {"rateLimit": overview.state(control)["rateLimit"]}


def _turn_switches(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = {name: value for name, value in _take(body, **TYPES).items() if value is not None}
    if not 0 <= given.get("rollout", 0) <= 100:
        raise Refusal(400, "rollout is a percentage from 0 to 100.")
    if given.get("identifierURL") and origin_of(given["identifierURL"]) is None:
        raise Refusal(400, "identifierURL begins with http:// or https:// and a host.")
    if given.get("identifierCredentials") and ":" not in given["identifierCredentials"]:
        raise Refusal(400, "Write identifierCredentials as user:password.")
    control.turn_connect(**given)
    return {"switches": overview.connect_switches(control.connect_project)}


def _issue_signed_passkey_data(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    identifier = _take(body, identifier=str)["identifier"]
    if not (identifier or "").strip():
        raise Refusal(400, "identifier is the site's own ID of a user.")
    return {"signedPasskeyData": control.issue_signed_passkey_data(identifier)}


def _set_event_url(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = _take(body, url=str, credentials=str)
    url, credentials = given["url"], given["credentials"] or ""
    if url is None or (url and origin_of(url) is None):
        raise Refusal(400, "url begins with http:// or https:// and a host, or is empty for none.")
    if credentials and ":" not in credentials:
        raise Refusal(400, "Write credentials as user:password.")
    control.send_events_to(url, credentials)
    return {"eventURLs": overview.state(control)["project"]["eventURLs"]}


def _send_event(control: Control, body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = _take(body, type=str, userID=str, passkeyID=str)
    if given["type"] not in EVENTS:
        raise Refusal(400, f"type is one of {', '.join(EVENTS)}.")
    if not given["userID"]:
        raise Refusal(400, "userID is whom the event is about, known or not.")
    user_id = given["userID"]
    is_at_connect = control.connect_project.store.connect_users.get(user_id) is not None
    project = control.connect_project if is_at_connect else control.project
    data = event_data(project, given["type"], user_id, given["passkeyID"] or make_id("cre"))
    return {"sent": control.events.queue(project, given["type"], data)}


ControlHandler = Callable[[Control, Mapping[str, Any]], Mapping[str, Any]]
ROUTES: Mapping[str, Mapping[str, ControlHandler]] = {
    "reset": {"POST": _reset},
    "state": {"GET": lambda control, body: overview.state(control)},
    "requests": {"GET": lambda control, body: overview.requests(control)},
    "emails": {"GET": lambda control, body: overview.emails(control)},
    "users": {"POST": _add_user},
    "tokens": {"POST": _issue_token},
    "connect": {"POST": _turn_switches},
    "connect/signed-passkey-data": {"POST": _issue_signed_passkey_data},
    "clock": {"POST": _move_clock},
    "failures": {"POST": _plan_failure, "DELETE": _remove_failure},
    "rate-limit": {"POST": _limit_rate},
    "event-url": {"POST": _set_event_url},
    "events": {"POST": _send_event},
}
