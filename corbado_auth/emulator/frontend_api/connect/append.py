"""Add a passkey for a user the site vouches for (API notes C.2.2, C.2.4)."""

from __future__ import annotations

from werkzeug.wrappers import Response

from corbado_auth.emulator.connect import passkeys, tokens, users
from corbado_auth.emulator.connect.switches import switches
from corbado_auth.emulator.frontend_api.connect.processes import open_process
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import ConnectUser
from corbado_auth.emulator.routing import Call, Route, bare

COMPLETION_TYPES = ("manual", "manual-retry", "auto", "conditional")


def init(call: Call) -> Response:
    """Return whether this browser may add a passkey."""
    kill_switch = switches(call.project).appendKillSwitchActive
    process, allowed, common = open_process(call, kill_switch=kill_switch)
    return bare({"processID": process, "appendAllowed": allowed, **common})


def start(call: Call) -> Response:
    """Use up the append token; return options, or ``""`` if no passkey is offered."""
    fields = call.fields()
    secret = fields.text("appendTokenValue", required=True)
    is_forced = fields.boolean("forcePasskeyAppend")
    fields.typed("loadedMs", int, required=True)
    fields.text("situation")
    fields.check()
    project = call.project
    token = tokens.consume(project, tokens.APPEND, secret, "appendTokenValue")
    turned = switches(project)
    user = users.get_or_create(project, token.identifier, token.display_name)
    offered = (
        not turned.appendKillSwitchActive
        and user.status == "active"
        and (bool(is_forced) or not _has_passkey_here(project, user, call.user_agent))
    )
    return bare(
        {
            "attestationOptions": passkeys.start_append(project, user) if offered else "",
            "variant": "default",
            "isRestrictedBrowser": False,
            "autoAppend": turned.autoAppend,
            "conditionalAppend": turned.conditionalAppend,
        }
    )


def finish(call: Call) -> Response:
    """Verify and store the new passkey."""
    fields = call.fields()
    text = fields.text("attestationResponse", required=True)
    fields.text("completionType", one_of=COMPLETION_TYPES)
    fields.check()
    project = call.project
    user, passkey, how = passkeys.finish_append(project, text, call.user_agent)
    return bare({"passkeyOperation": passkeys.operation(project, "append", user, passkey, how)})


def _has_passkey_here(project: Project, user: ConnectUser, user_agent: str) -> bool:
    """Guess by the User-Agent whether this device has a passkey already (INFERRED 35)."""
    return any(
        user_agent in {row.user_agent, row.last_user_agent}
        for row in users.passkeys(project, user.id)
    )


ROUTES = (
    Route("frontend", "POST", "/v2/connect/append/init", init),
    Route("frontend", "POST", "/v2/connect/append/start", start),
    Route("frontend", "POST", "/v2/connect/append/finish", finish),
)
