#!/usr/bin/env bash
# What: py_webauthn silently drops a transport that it does not know, and refuses a whole
#   credential for an authenticatorAttachment that it does not know.
# Versions: webauthn 3.0.1, cbor2 6.3.0, cryptography 50.0.2, Python 3.11.
# Guess: both are open lists of strings in WebAuthn, so an unknown value is treated alike in both:
#   kept, or ignored.
# Truth: parsing keeps only the members of its enum of transports, so what is stored and sent back
#   later is shorter than what the browser said; the other enum raises InvalidJSONStructure.
# Output seen on 2026-11-27:
#   internal, hybrid; platform
#   internal, hybrid; platform
#   InvalidJSONStructure: Credential had unexpected authenticatorAttachment
# Why it matters: take transports from the browser's JSON, before the library reads it, and do not
#   report this exception as forgery: a newer browser is enough to cause it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  webauthn==3.0.1 cbor2==6.3.0 cryptography==50.0.2

"$work/venv/bin/python" - <<'PY'
import hashlib
import json
import os
import struct
import sys
from base64 import urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import parse_registration_credential_json


def b64(data):
    return urlsafe_b64encode(data).decode().rstrip("=")


class Authenticator:
    """One passkey in software, without attestation."""

    def __init__(self, rp_id, origin):
        self.rp_id_hash = hashlib.sha256(rp_id.encode()).digest()
        self.origin = origin
        self.id = os.urandom(16)
        self.key = ec.generate_private_key(ec.SECP256R1())

    def register(self, challenge, **extra):
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public_key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        data = self.data(0x45, 0) + bytes(16) + struct.pack(">H", 16) + self.id + public_key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self.answer("create", challenge, {"attestationObject": b64(attestation)}, extra)

    def sign(self, challenge, counter):
        data = self.data(0x05, counter)
        client_data = self.client_data("get", challenge)
        signed = data + hashlib.sha256(client_data).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        response = {"authenticatorData": b64(data), "signature": b64(signature)}
        return self.answer("get", challenge, response, {})

    def data(self, flags, counter):
        return self.rp_id_hash + bytes([flags]) + struct.pack(">I", counter)

    def client_data(self, kind, challenge):
        content = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin}
        return json.dumps(content).encode()

    def answer(self, kind, challenge, response, extra):
        response = {"clientDataJSON": b64(self.client_data(kind, challenge)), **response}
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            **extra,
        }


passkey = Authenticator("example.com", "https://example.com")


def parse(transports, attachment):
    answer = passkey.register(b64(os.urandom(32)), authenticatorAttachment=attachment)
    answer["response"]["transports"] = transports
    try:
        credential = parse_registration_credential_json(answer)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    kept = ", ".join(transport.value for transport in credential.response.transports)
    return f"{kept}; {credential.authenticator_attachment.value}"


results = [
    parse(["internal", "hybrid"], "platform"),
    parse(["internal", "a-newer-one", "hybrid"], "platform"),
    parse(["internal"], "a-newer-one"),
]
print(*results, sep="\n")
if results != [
    "internal, hybrid; platform",
    "internal, hybrid; platform",
    "InvalidJSONStructure: Credential had unexpected authenticatorAttachment",
]:
    sys.exit("py_webauthn no longer behaves as described")
PY
