"""Open and clear processes, and receive events (API notes C.2.2).

A process is just an ID that the browser repeats; nothing is stored for it. So an unknown ID does no
harm: the component would not recover from an error here (C.2.3).
"""

from __future__ import annotations

import re
import time
from hashlib import sha256
from typing import Any

from werkzeug.wrappers import Response

from corbado_auth.emulator.connect.switches import switches
from corbado_auth.emulator.routing import Call, Route, bare
from corbado_auth.emulator.wire import random_text

# Short (INFERRED 34): until it is over, a browser does not notice a changed switch.
LIFETIME = 60
PROCESS_FORM = re.compile(r"prc-[A-Za-z0-9]{1,60}")
EVENT_TYPES = (
    "login-explicit-abort",
    "login-error",
    "login-error-untyped",
    "login-error-unexpected",
    "login-one-tap-switch",
    "login-no-credentials",
    "user-append-after-cross-platform-blacklisted",
    "user-append-after-login-error-blacklisted",
    "append-credential-exists",
    "append-explicit-abort",
    "append-error",
    "append-error-unexpected",
    "append-learn-more",
    "manage-error-unexpected",
    "manage-error",
    "manage-learn-more",
    "manage-credential-exists",
    "local-unlock",
)


def open_process(call: Call, *, kill_switch: bool) -> tuple[str, bool, dict[str, Any]]:
    """Return the process ID, whether this browser may go on, and the common fields."""
    fields = call.fields()
    client = fields.typed("clientInformation", dict, required=True)
    fields.typed("flags", dict, required=True)
    fields.text("invitationToken")
    fields.check()
    handle = client.get("clientEnvHandle")
    common: dict[str, Any] = {
        # Real time, not the emulator's clock: browsers compare it with their own.
        "expiresAt": int(time.time()) + LIFETIME,
        "frontendApiUrl": _address(call),
        "flags": {},
    }
    if not isinstance(handle, str) or not handle:
        handle = f"ceh-{random_text(16)}"
        common["newClientEnvHandle"] = handle
    allowed = not kill_switch and _is_rolled_out(handle, switches(call.project).rollout)
    return process_id(call), allowed, common


def process_id(call: Call) -> str:
    """Return the process ID that the browser sent, or a new one."""
    given = call.request.headers.get("X-Corbado-Process-Id", "")
    return given if PROCESS_FORM.fullmatch(given) else f"prc-{random_text(16)}"


def clear(call: Call) -> Response:
    """Forget a process, known or not."""
    fields = call.fields()
    given = fields.text("processId", required=True)
    fields.check()
    return bare({"processId": given})


def record_event(call: Call) -> Response:
    """Receive an event, which only appears in the request log."""
    fields = call.fields()
    fields.text("eventType", required=True, one_of=EVENT_TYPES)
    fields.text("message")
    fields.text("challenge")
    fields.check()
    return Response(status=204)


def _address(call: Call) -> str:
    """Return the emulator's address as the browser knows it, for all further calls."""
    public_url = call.project.emulator_config.public_url
    return public_url or f"http://{call.request.host}"


def _is_rolled_out(handle: str, percentage: int) -> bool:
    """Decide by the browser's handle, so that the answer is always the same."""
    return int(sha256(handle.encode()).hexdigest(), 16) % 100 < percentage


ROUTES = (
    Route("frontend", "POST", "/v2/connect/events", record_event),
    Route("frontend", "POST", "/v2/connect/process/clear", clear),
)
