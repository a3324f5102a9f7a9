"""Serve the switches of the Connect project (API notes C.3.2)."""

from __future__ import annotations

from werkzeug.wrappers import Response

from corbado_auth.emulator.connect.switches import switches
from corbado_auth.emulator.routing import Call, Route, bare


def read(call: Call) -> Response:
    """Return the switches; those that nothing here depends on are off (INFERRED 40)."""
    turned = switches(call.project)
    return bare(
        {
            "loginKillSwitchActive": turned.loginKillSwitchActive,
            "appendKillSwitchActive": turned.appendKillSwitchActive,
            "manageKillSwitchActive": turned.manageKillSwitchActive,
            "requireConnectLoginToken": turned.requireConnectLoginToken,
            "requireWhitelistedIdentifier": False,
            "immediatePostLogin": bool(turned.session),
            "activeSplits": [],
            "cookieDomain": "",
        }
    )


ROUTES = (Route("backend", "GET", "/v2/connect/config", read, needs_body=False),)
