"""Verify ``signedPasskeyData``: the one call that a Connect sign-in needs (API notes C.3.2)."""

from __future__ import annotations

from werkzeug.wrappers import Response

from corbado_auth.emulator.connect import signed_data
from corbado_auth.emulator.connect.switches import switches
from corbado_auth.emulator.routing import Call, Route, bare


def verify(call: Call) -> Response:
    """Return the verdict; the status is 200 even for a refusal (API notes C.0.3)."""
    fields = call.fields()
    token = fields.text("signedPasskeyData", required=True)
    username = fields.text("username", required=True)
    fields.check()
    project = call.project
    result = signed_data.verify(project, token, username)
    return bare({"verificationResult": switches(project).verificationResult or result})


# Some of Corbado's pages give `passkeys/verifySignedData`, which does not exist (C.0.1).
ROUTES = (Route("backend", "POST", "/v2/passkey/verifySignedData", verify),)
