"""Sign and verify ``signedPasskeyData``, the JWT that a passkey login yields (API notes C.3.3)."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from corbado_auth.emulator.ceremonies import decode, encode
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import ConnectUser, Setting, SignedPasskeyData
from corbado_auth.emulator.wire import make_id, random_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LIFETIME = 5 * 60
CLOCK_TOLERANCE = 10  # seconds from `nbf` to `iat`
KEPT = 1000  # the newest; older ones are forgotten
KEY_BITS = 2048


def issue(
    project: Project,
    user: ConnectUser,
    *,
    credential_id: str,
    process_id: str,
    is_conditional: bool = False,
    **claims: Any,
) -> str:
    """Sign the outcome of a passkey login; ``claims`` override the usual ones."""
    store = project.store
    with store.transaction():
        for old in store.signed_data.all()[: -KEPT + 1]:
            store.signed_data.remove(old.id)
        now = store.now()
        payload = {
            "iss": project.id,
            "sub": user.id,
            "exp": int(now) + LIFETIME,
            "nbf": int(now) - CLOCK_TOLERANCE,
            "iat": int(now),
            "jti": random_text(30),
            "processId": process_id,
            "username": "",
            "credential": credential_id,
            "challengeId": make_id("was"),
            "webauthnId": user.identifier,
            "isCUI": is_conditional,
            **claims,
        }
        store.signed_data.put(
            SignedPasskeyData(
                id=payload["jti"], user_id=user.id, created=now, expires=float(payload["exp"])
            )
        )
        return _sign(project, payload)


def verify(project: Project, token: str, username: str) -> str:
    """Return the ``verificationResult``; use the token up if it is genuine and fresh.

    A wrong or missing signature is ``invalid_signature``, a used or expired token
    ``invalid_challenge``, a deleted or disabled user ``generic_error`` (INFERRED 28), another
    user's token ``user_mismatch``. The last two use the token up as well.
    """
    claims = _verified_claims(project, token)
    if claims is None or claims.get("iss") != project.id:
        return "invalid_signature"
    store = project.store
    with store.transaction():
        issued = store.signed_data.get(str(claims.get("jti")))
        now = store.now()
        if issued is None or issued.used is not None or issued.expires <= now:
            return "invalid_challenge"
        store.signed_data.put(replace(issued, used=now))
        user = store.connect_users.get(issued.user_id)
    if user is None or user.status != "active":
        return "generic_error"
    return "success" if claims.get("webauthnId") == username else "user_mismatch"


def _sign(project: Project, payload: dict[str, Any]) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    key_id, key = _signing_key(project)
    header = {"alg": "RS256", "kid": key_id, "typ": "JWT"}
    signed = ".".join(
        encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload)
    )
    return f"{signed}.{encode(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _verified_claims(project: Project, token: str) -> dict[str, Any] | None:
    """Return the claims of a token that this project signed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    key_id, key = _signing_key(project)
    signed, _, signature = token.rpartition(".")
    header, _, payload = signed.partition(".")
    try:
        # Trusting the algorithm in the header would accept `none`.
        if json.loads(decode(header)) != {"alg": "RS256", "kid": key_id, "typ": "JWT"}:
            return None
        key.public_key().verify(decode(signature), signed.encode(), PKCS1v15(), SHA256())
        claims = json.loads(decode(payload))
    except (InvalidSignature, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _signing_key(project: Project) -> tuple[str, RSAPrivateKey]:
    """Return the key and its ID; the key is stored, so that tokens survive a restart."""
    store = project.store
    with store.transaction():
        saved = store.setting("signingKey")
        if saved is None:
            saved = {"kid": f"pki-{secrets.randbits(64)}", "pem": _new_key()}
            store.settings.put(Setting(id="signingKey", value=saved))
    return saved["kid"], _load_key(saved["pem"])


@cache
def _new_key() -> str:
    """Generate a key, once per process, because it takes a while.

    Each project has its own key ID, so projects do not accept each other's tokens.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    return (
        rsa.generate_private_key(65537, KEY_BITS)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


@lru_cache(maxsize=8)
def _load_key(pem: str) -> RSAPrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("signingKey")
    return key
