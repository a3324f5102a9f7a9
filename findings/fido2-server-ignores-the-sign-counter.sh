#!/usr/bin/env bash
# What: python-fido2's server accepts an assertion whose sign counter did not grow or even fell,
#   and has no parameter for the stored one; py_webauthn refuses the same assertion.
# Versions: fido2 2.2.1, webauthn 3.0.1, cbor2 6.3.0, cryptography 50.0.2, Python 3.11.
# Guess: a class called Fido2Server does all of the verification that WebAuthn describes, as
#   py_webauthn does, which takes the stored counter.
# Truth: `authenticate_complete()` takes credentials, which hold no counter, and returns the one
#   that signed. The caller has to read the counter from the answer and compare it.
# Output seen on 2026-11-27:
#   counters 7, 7, 3 of one passkey
#   fido2:    AttestedCredentialData AttestedCredentialData AttestedCredentialData
#   webauthn:
#     accepted, new_sign_count 7
#     Response sign count of 7 was not greater than current count of 7
#     Response sign count of 3 was not greater than current count of 7
# Why it matters: changing the library under a running site changes what is checked. Our emulator
#   verifies with py_webauthn.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  fido2==2.2.1 webauthn==3.0.1 cbor2==6.3.0 cryptography==50.0.2

"$work/venv/bin/python" - <<'PY'
import hashlib
import json
import os
import struct
import sys
from base64 import urlsafe_b64encode

import cbor2
import webauthn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity


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
server = Fido2Server(PublicKeyCredentialRpEntity(id="example.com", name="A site"))
_, state = server.register_begin(PublicKeyCredentialUserEntity(id=b"1", name="ada"))
credential = server.register_complete(
    state, passkey.register(state["challenge"])
).credential_data


def ask_fido2(counter):
    _, state = server.authenticate_begin([credential])
    answer = passkey.sign(state["challenge"], counter)
    return type(server.authenticate_complete(state, [credential], answer)).__name__


def ask_webauthn(counter, stored):
    challenge = os.urandom(32)
    try:
        verified = webauthn.verify_authentication_response(
            credential=passkey.sign(b64(challenge), counter),
            expected_challenge=challenge,
            expected_rp_id="example.com",
            expected_origin="https://example.com",
            credential_public_key=cbor2.dumps(dict(credential.public_key)),
            credential_current_sign_count=stored,
        )
    except webauthn.helpers.exceptions.InvalidAuthenticationResponse as error:
        return str(error)
    return f"accepted, new_sign_count {verified.new_sign_count}"


fido2 = [ask_fido2(counter) for counter in (7, 7, 3)]
others = [ask_webauthn(7, stored=0), ask_webauthn(7, stored=7), ask_webauthn(3, stored=7)]
print("counters 7, 7, 3 of one passkey")
print("fido2:   ", *fido2)
print("webauthn:", *others, sep="\n  ")
if fido2 != ["AttestedCredentialData"] * 3 or not (
    others[0].startswith("accepted") and all("sign count" in text for text in others[1:])
):
    sys.exit("one of the libraries no longer behaves as described")
PY
