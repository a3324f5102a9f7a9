"""A platform authenticator in software: makes passkeys and signs with them, honestly or not."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
HONEST = PRESENT | VERIFIED


@dataclass
class Passkey:
    id: bytes
    rp_id: str
    user_handle: str
    key: ec.EllipticCurvePrivateKey
    count: int = 0


class NoPasskey(Exception):
    """This authenticator has none of the requested passkeys, or one of the excluded ones."""


@dataclass
class Authenticator:
    """Answer options strings with ``signedChallenge`` strings, as the web component sends them.

    Keywords of ``create`` and ``get`` replace what an honest browser would say.
    """

    origin: str
    flags: int = HONEST
    passkeys: list[Passkey] = field(default_factory=list)

    def create(self, options_string: str, **lies: Any) -> str:
        options = json.loads(options_string)["publicKey"]
        rp_id = options["rp"]["id"]
        excluded = {decode(row["id"]) for row in options["excludeCredentials"]}
        if any(passkey.id in excluded for passkey in self.passkeys):
            raise NoPasskey
        passkey = Passkey(
            id=lies.get("credential_id", os.urandom(16)),
            rp_id=rp_id,
            user_handle=options["user"]["id"],
            key=ec.generate_private_key(ec.SECP256R1()),
        )
        self.passkeys.append(passkey)
        numbers = passkey.key.public_key().public_numbers()
        public_key = {
            1: 2,
            3: lies.get("algorithm", -7),
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        data = (
            self._head(rp_id, ATTESTED, passkey, lies)
            + bytes(16)
            + struct.pack(">H", len(passkey.id))
            + passkey.id
            + cbor2.dumps(public_key)
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": self._client_data("webauthn.create", options, lies),
            "attestationObject": encode(attestation),
            "transports": ["internal"],
        }
        return _credential(passkey.id, response)

    def get(self, options_string: str, **lies: Any) -> str:
        options = json.loads(options_string)["publicKey"]
        passkey = lies.get("passkey") or self._choose(options)
        passkey.count += 1
        client_data = self._client_data("webauthn.get", options, lies)
        data = self._head(options["rpId"], 0, passkey, lies)
        signed = data + hashlib.sha256(decode(client_data)).digest()
        signature = lies.get("signature") or passkey.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": encode(data),
            "signature": encode(signature),
            "userHandle": lies.get("user_handle", passkey.user_handle),
        }
        return _credential(passkey.id, response)

    def _choose(self, options: dict[str, Any]) -> Passkey:
        allowed = {decode(row["id"]) for row in options.get("allowCredentials", [])}
        for passkey in reversed(self.passkeys):
            if passkey.rp_id == options["rpId"] and (not allowed or passkey.id in allowed):
                return passkey
        raise NoPasskey

    def _head(self, rp_id: str, more: int, passkey: Passkey, lies: dict[str, Any]) -> bytes:
        digest = hashlib.sha256(lies.get("rp_id", rp_id).encode()).digest()
        flags = lies.get("flags", self.flags) | more
        return digest + bytes([flags]) + struct.pack(">I", lies.get("count", passkey.count))

    def _client_data(self, kind: str, options: dict[str, Any], lies: dict[str, Any]) -> str:
        data = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", options["challenge"]),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": lies.get("cross_origin", False),
        }
        return encode(json.dumps(data).encode())


def _credential(credential_id: bytes, response: dict[str, Any]) -> str:
    return json.dumps(
        {
            "type": "public-key",
            "id": encode(credential_id),
            "rawId": encode(credential_id),
            "authenticatorAttachment": "platform",
            "response": response,
            "clientExtensionResults": {},
        }
    )


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
