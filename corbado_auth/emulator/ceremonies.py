"""Run WebAuthn ceremonies: make the options, and verify what the authenticator answers.

`challenge` and `signedChallenge` are JSON inside a JSON string, in the shape of
@github/webauthn-json 2 (API notes 4.3). The library is imported at the first finish, not at start:
it costs more than all the rest.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Ceremony, Credential, User
from corbado_auth.emulator.wire import ApiError, invalid, make_id, not_found

if TYPE_CHECKING:
    from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
    from webauthn.registration.verify_registration_response import VerifiedRegistration

LIFETIME = 5 * 60  # API notes 7.10 allows 60 s to 5 min: a conditional challenge waits for a person
BROWSER_TIMEOUT = 60_000  # milliseconds, as in the published options (API notes 1.6)
ALGORITHMS = (-7, -257)  # ES256, RS256: enough for every platform authenticator (API notes 4.3)


def start_registration(project: Project, user: User, kind: str) -> str:
    """Return the options string for `navigator.credentials.create()`."""
    challenge = _begin(project, kind, user.id)
    name = accounts.email_of(project, user.id) or user.name
    return _options(
        {
            "rp": {
                "id": project.config["webauthnRPID"],
                "name": project.config["externalName"],
            },
            "user": {
                "id": encode(user.id.encode()),
                "name": name,
                "displayName": user.full_name or name,
            },
            "challenge": challenge,
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
            "timeout": BROWSER_TIMEOUT,
            "excludeCredentials": _descriptors(accounts.passkeys(project, user.id)),
            "authenticatorSelection": {
                "authenticatorAttachment": "platform",
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        }
    )


def start_login(project: Project, user: User) -> str:
    """Return the options string for `navigator.credentials.get()` of a named user."""
    options = _request_options(project, "login", user.id)
    passkeys = accounts.passkeys(project, user.id)
    return _options({**options, "allowCredentials": _descriptors(passkeys)})


def start_mediation(project: Project) -> str:
    """Return the options string for conditional UI: without `allowCredentials` (API notes 4.3)."""
    return _options(_request_options(project, "mediation", ""))


def finish_registration(
    project: Project, signed_challenge: str, kinds: Collection[str], user_agent: str, status: str
) -> User:
    """Verify a new passkey, keep it with `status`, and return its user."""
    response = _read(signed_challenge)
    ceremony = _take(project, response, kinds)
    verified = _verify_registration(project, ceremony, response)
    from webauthn.helpers.structs import AttestationFormat

    store = project.store
    webauthn_id = encode(verified.credential_id)
    with store.transaction():
        user = store.users.get(ceremony.user_id)
        if user is None:
            raise not_found("user doesn't exist")
        if store.credentials.find("webauthn_id", webauthn_id):
            # A credential ID is unique across users (API notes 7.10, WebAuthn 7.1 step 26).
            raise invalid("signedChallenge", "credential already exists")
        now = store.now()
        store.credentials.put(
            Credential(
                id=make_id("cre"),
                user_id=user.id,
                webauthn_id=webauthn_id,
                public_key=encode(verified.credential_public_key),
                sign_count=verified.sign_count,
                aaguid=verified.aaguid,
                # Typed as an enum, but the library hands on the plain text.
                attestation_type=AttestationFormat(verified.fmt).value,
                transports=_transports(response),
                backup_eligible=verified.credential_device_type.value == "multi_device",
                backed_up=verified.credential_backed_up,
                status=status,
                authenticator_id=make_id("ath"),
                user_agent=user_agent,
                created=now,
                last_used=now,
                last_user_agent=user_agent,
            )
        )
    return user


def finish_login(
    project: Project, signed_challenge: str, user_agent: str
) -> tuple[Ceremony, Credential]:
    """Verify an assertion; raise `not_found` for an unknown or removed passkey (API notes 4.5)."""
    response = _read(signed_challenge)
    ceremony = _take(project, response, ("login", "mediation"))
    found = project.store.credentials.find("webauthn_id", response["id"])
    if not found:
        raise not_found("Used invalid credentials")
    credential = found[0]
    if ceremony.user_id and ceremony.user_id != credential.user_id:
        raise invalid("signedChallenge", "passkey of another user")
    handle = response["response"].get("userHandle")
    if handle is None and ceremony.kind == "mediation":
        raise invalid("signedChallenge", "userHandle is missing")
    if handle is not None and handle != encode(credential.user_id.encode()):
        raise invalid("signedChallenge", "userHandle does not match")
    verified = _verify_login(project, ceremony, response, credential)
    return ceremony, _note_use(project, credential, verified, user_agent)


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verify_registration(
    project: Project, ceremony: Ceremony, response: dict[str, Any]
) -> VerifiedRegistration:
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_registration_response(
            credential=response,
            expected_challenge=decode(ceremony.id),
            expected_rp_id=project.config["webauthnRPID"],
            expected_origin=sorted(project.origins),
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in ALGORITHMS],
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(error) from error


def _verify_login(
    project: Project, ceremony: Ceremony, response: dict[str, Any], credential: Credential
) -> VerifiedAuthentication:
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_authentication_response(
            credential=response,
            expected_challenge=decode(ceremony.id),
            expected_rp_id=project.config["webauthnRPID"],
            expected_origin=sorted(project.origins),
            credential_public_key=decode(credential.public_key),
            credential_current_sign_count=credential.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(error) from error


def _note_use(
    project: Project, credential: Credential, verified: VerifiedAuthentication, user_agent: str
) -> Credential:
    store = project.store
    with store.transaction():
        current = store.credentials.get(credential.id)
        if current is None:
            raise not_found("Used invalid credentials")
        if verified.new_sign_count and verified.new_sign_count <= current.sign_count:
            raise invalid("signedChallenge", "sign counter did not grow")
        return store.credentials.put(
            replace(
                current,
                sign_count=verified.new_sign_count,
                backed_up=verified.credential_backed_up,
                last_used=store.now(),
                last_user_agent=user_agent,
            )
        )


def _request_options(project: Project, kind: str, user_id: str) -> dict[str, Any]:
    return {
        "challenge": _begin(project, kind, user_id),
        "timeout": BROWSER_TIMEOUT,
        "rpId": project.config["webauthnRPID"],
        "userVerification": "required",
    }


def _begin(project: Project, kind: str, user_id: str) -> str:
    """Remember a fresh challenge: what it is for, and for whom (API notes 7.11)."""
    store = project.store
    challenge = encode(secrets.token_bytes(32))
    with store.transaction():
        now = store.now()
        for old in store.ceremonies.all():
            if old.expires <= now:
                store.ceremonies.remove(old.id)
        store.ceremonies.put(
            Ceremony(id=challenge, kind=kind, user_id=user_id, expires=now + LIFETIME)
        )
    return challenge


def _take(project: Project, response: Mapping[str, Any], kinds: Collection[str]) -> Ceremony:
    """Find the ceremony by its challenge, and use it up whatever comes of it (API notes 0.6)."""
    store = project.store
    try:
        client_data = json.loads(decode(_text(response["response"], "clientDataJSON")))
        challenge = _text(client_data, "challenge")
    except (ValueError, KeyError, TypeError) as error:
        raise invalid("signedChallenge", "clientDataJSON cannot be read") from error
    with store.transaction():
        ceremony = store.ceremonies.remove(challenge)
        now = store.now()
    if ceremony is None or ceremony.expires <= now or ceremony.kind not in kinds:
        raise invalid("signedChallenge", "unknown, used or expired challenge")
    if client_data.get("crossOrigin"):
        raise invalid("signedChallenge", "made in a frame of another origin")
    return ceremony


def _read(signed_challenge: str) -> dict[str, Any]:
    try:
        value = json.loads(signed_challenge)
    except (ValueError, RecursionError) as error:
        raise invalid("signedChallenge", "must be JSON in a string") from error
    well_formed = (
        isinstance(value, dict)
        and isinstance(value.get("id"), str)
        and isinstance(value.get("response"), dict)
    )
    if not well_formed:
        raise invalid("signedChallenge", "must be a public key credential")
    return dict(value)


def _text(values: Any, name: str) -> str:
    value = values[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _refused(error: Exception) -> ApiError:
    # Status and type are INFERRED 17: the component shows the same for any (API notes 4.5).
    return invalid("signedChallenge", str(error) or "cannot be verified")


def _options(public_key: Mapping[str, Any]) -> str:
    return json.dumps({"publicKey": public_key})


def _descriptors(credentials: Collection[Credential]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": row.webauthn_id, "transports": row.transports}
        for row in credentials
    ]


def _transports(response: Mapping[str, Any]) -> list[str]:
    known = ("usb", "nfc", "ble", "internal", "hybrid", "smart-card")
    given = response["response"].get("transports")
    return [name for name in given if name in known] if isinstance(given, list) else []
