#!/usr/bin/env bash
# What: soft-webauthn answers options that require user verification without it, and its
#   credential ID is padded bytes, not base64url text.
# Versions: soft-webauthn 0.1.4, fido2 1.2.0, Python 3.11.
# Guess: a software authenticator for tests does what the options require, or refuses; its answer
#   can go to the server as JSON.
# Truth: the only flag is "user present". It checks algorithm, attestation and RP ID and nothing
#   else, and `id` keeps its padding.
# Output seen on 2026-11-27:
#   user verified at registration and sign-in: False False
#   id: bytes with padding
#   as JSON: Object of type bytes is not JSON serializable
# Why it matters: tests that use it pass only where user verification is not checked. Our tests
#   use a software authenticator of their own, and Chromium's.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check soft-webauthn==0.1.4 fido2==1.2.0

"$work/venv/bin/python" - <<'PY'
import json
import sys

from fido2.webauthn import AttestationObject, AuthenticatorData
from soft_webauthn import SoftWebauthnDevice

ORIGIN = "https://example.com"
device = SoftWebauthnDevice()
created = device.create(
    {
        "publicKey": {
            "rp": {"id": "example.com", "name": "A site"},
            "user": {"id": b"1", "name": "ada", "displayName": "Ada"},
            "challenge": b"0123456789abcdef",
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "authenticatorSelection": {"userVerification": "required"},
        }
    },
    ORIGIN,
)
asserted = device.get(
    {
        "publicKey": {
            "rpId": "example.com",
            "challenge": b"0123456789abcdef",
            "userVerification": "required",
        }
    },
    ORIGIN,
)
data = [
    AttestationObject(created["response"]["attestationObject"]).auth_data,
    AuthenticatorData(asserted["response"]["authenticatorData"]),
]
verified = [bool(item.flags & AuthenticatorData.FLAG.UV) for item in data]
padded = created["id"].endswith(b"=")
try:
    json.dumps(created)
    as_json = "possible"
except TypeError as error:
    as_json = str(error)

print("user verified at registration and sign-in:", *verified)
print("id:", type(created["id"]).__name__, "with padding" if padded else "without padding")
print("as JSON:", as_json)
if verified != [False, False] or not padded or as_json == "possible":
    sys.exit("soft-webauthn no longer behaves as described")
PY
