"""List and delete passkeys of a user the site vouches for (API notes C.2.2, C.2.4)."""

from __future__ import annotations

from werkzeug.wrappers import Response

from corbado_auth.emulator.connect import passkeys, tokens, users
from corbado_auth.emulator.connect.switches import switches
from corbado_auth.emulator.frontend_api.connect.processes import open_process
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import ConnectUser
from corbado_auth.emulator.routing import Call, Route, bare
from corbado_auth.emulator.wire import invalid, known


def init(call: Call) -> Response:
    """Return whether this browser may manage passkeys."""
    kill_switch = switches(call.project).manageKillSwitchActive
    process, allowed, common = open_process(call, kill_switch=kill_switch)
    return bare({"processID": process, "manageAllowed": allowed, **common})


def list_passkeys(call: Call) -> Response:
    """List a user's passkeys. The token stays valid: the component uses it again (C.0.8)."""
    fields = call.fields()
    secret = fields.text("connectToken", required=True)
    fields.check()
    project = call.project
    token = tokens.check(project, tokens.LIST, secret, "connectToken")
    user = _known(project, token.identifier)
    return bare(
        {
            "passkeys": [passkeys.describe(row) for row in users.passkeys(project, user.id)],
            "rpID": project.config["webauthnRPID"],
            "userID": user.user_handle,
            "signalAllAcceptedCredentials": True,
        }
    )


def delete(call: Call) -> Response:
    """Use up the token and delete one passkey, named by its ``cre-`` ID."""
    fields = call.fields()
    secret = fields.text("connectToken", required=True)
    credential_id = fields.text("credentialID", required=True)
    fields.check()
    project = call.project
    store = project.store
    with store.transaction():
        token = tokens.consume(project, tokens.DELETE, secret, "connectToken")
        user = _known(project, token.identifier)
        passkey = store.connect_passkeys.get(credential_id)
        if passkey is None or passkey.user_id != user.id:
            raise invalid("credentialID", "does not exist")
        store.connect_passkeys.remove(passkey.id)
    return bare({"credentialID": credential_id})


def _known(project: Project, identifier: str) -> ConnectUser:
    """Return the user or raise: an empty list makes the browser delete passkeys (C.0.9).

    The kind of error is INFERRED 31.
    """
    return known(users.by_identifier(project, identifier), "user doesn't exist")


ROUTES = (
    Route("frontend", "POST", "/v2/connect/manage/init", init),
    Route("frontend", "POST", "/v2/connect/manage/list", list_passkeys),
    Route("frontend", "POST", "/v2/connect/manage/delete", delete),
)
