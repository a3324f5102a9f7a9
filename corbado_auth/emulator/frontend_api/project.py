"""Serve the project configuration for the component, and the JWKS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from werkzeug.wrappers import Response

from corbado_auth.emulator.ceremonies import encode
from corbado_auth.emulator.routing import Call, Route

SHOWN = (
    "allowUserRegistration",
    "passkeyAppendInterval",
    "fallbackLanguage",
    "autoDetectLanguage",
    "userFullNameRequired",
    "webComponentDebug",
    "environment",
    "signupFlow",
    "signupFlowOptions",
    "loginFlow",
    "loginFlowOptions",
)


def get_config(call: Call) -> Mapping[str, Any]:
    config = call.project.config
    shown = {name: config[name] for name in SHOWN}
    return {"data": {**shown, "sessionManagement": "SessionManagementOwn"}}


def get_keys(call: Call) -> Response:
    """Return a JWKS with a real key, with which nothing is signed: there are no sessions."""
    return Response(json.dumps({"keys": [_public_key()]}), mimetype="application/json")


@cache
def _public_key() -> Mapping[str, str]:
    # Imported here because it is slow and hardly ever needed.
    from cryptography.hazmat.primitives.asymmetric import rsa

    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    modulus = encode(numbers.n.to_bytes(256, "big"))
    return {
        "alg": "RS256",
        "kty": "RSA",
        "use": "sig",
        "n": modulus,
        "e": encode(numbers.e.to_bytes(3, "big")),
        "kid": f"kid-{modulus[:16]}",
    }


ROUTES = (
    Route("frontend", "GET", "/v1/projects/projectConfig", get_config, needs_body=False),
    Route("frontend", "GET", "/.well-known/jwks", get_keys, needs_body=False),
)
