"""Run WebAuthn ceremonies: create the options and verify the authenticator's response.

``challenge`` and ``signedChallenge`` are JSON inside a JSON string, in the format of
@github/webauthn-json 2 (API notes 4.3). The library is imported when the first ceremony finishes:
importing it takes longer than the rest of the start.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from corbado_auth.emulator import accounts
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Ceremony, Credential, User
from corbado_auth.emulator.wire import ApiError, invalid, known, make_id, not_found

if TYPE_CHECKING:
    from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
    from webauthn.registration.verify_registration_response import VerifiedRegistration

C = TypeVar("C", bound=Credential)

LIFETIME = 5 * 60  # API notes 7.10: 60 s to 5 min; conditional UI waits for the user
BROWSER_TIMEOUT = 60_000  # milliseconds, as in the published options (API notes 1.6)
ALGORITHMS = (-7, -257)  # ES256, RS256: enough for every platform authenticator (API notes 4.3)
# The field of v1's finish calls with the authenticator's response; Connect has two others.
FIELD = "signedChallenge"


def start_registration(project: Project, user: User, kind: str) -> str:
    """Return the options string for ``navigator.credentials.create()``."""
    name = accounts.email_of(project, user.id) or user.name
    return creation_options(
        project,
        challenge=begin(project, kind, user.id),
        user={
            "id": encode(user.id.encode()),
            "name": name,
            "displayName": user.full_name or name,
        },
        known=accounts.passkeys(project, user.id),
    )


def creation_options(
    project: Project, *, challenge: str, user: Mapping[str, str], known: Collection[Credential]
) -> str:
    """Return the options string for a new passkey; ``known`` are the user's existing ones."""
    return options_string(
        {
            "rp": {
                "id": project.config["webauthnRPID"],
                "name": project.config["externalName"],
            },
            "user": user,
            "challenge": challenge,
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
            "timeout": BROWSER_TIMEOUT,
            "excludeCredentials": descriptors(known),
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
    """Return the options string for ``navigator.credentials.get()`` of a named user."""
    options = request_options(project, begin(project, "login", user.id))
    passkeys = accounts.passkeys(project, user.id)
    return options_string({**options, "allowCredentials": descriptors(passkeys)})


def start_mediation(project: Project) -> str:
    """Return the options for conditional UI: without ``allowCredentials`` (API notes 4.3)."""
    return options_string(request_options(project, begin(project, "mediation", "")))


def finish_registration(
    project: Project, signed_challenge: str, kinds: Collection[str], user_agent: str, status: str
) -> User:
    """Verify a new passkey, keep it with ``status``, and return its user."""
    response = read_credential(signed_challenge)
    ceremony = _take(project, response, kinds)
    verified = verify_registration(project, ceremony.id, response)
    store = project.store
    with store.transaction():
        user = known(store.users.get(ceremony.user_id), "user doesn't exist")
        values = credential_values(verified, response, user_agent, store.now())
        if store.credentials.find("webauthn_id", values["webauthn_id"]):
            # A credential ID is unique across users (API notes 7.10, WebAuthn 7.1 step 26).
            raise invalid(FIELD, "credential already exists")
        store.credentials.put(Credential(user_id=user.id, status=status, **values))
    return user


def credential_values(
    verified: VerifiedRegistration, response: Mapping[str, Any], user_agent: str, now: float
) -> dict[str, Any]:
    """Return the fields of a new passkey, except for its user and status."""
    from webauthn.helpers.structs import AttestationFormat

    return {
        "id": make_id("cre"),
        "webauthn_id": encode(verified.credential_id),
        "public_key": encode(verified.credential_public_key),
        "sign_count": verified.sign_count,
        "aaguid": verified.aaguid,
        # Typed as an enum, but the library passes on plain text.
        "attestation_type": AttestationFormat(verified.fmt).value,
        "transports": _transports(response),
        "backup_eligible": verified.credential_device_type.value == "multi_device",
        "backed_up": verified.credential_backed_up,
        "authenticator_id": make_id("ath"),
        "user_agent": user_agent,
        "created": now,
        "last_used": now,
        "last_user_agent": user_agent,
    }


def finish_login(
    project: Project, signed_challenge: str, user_agent: str
) -> tuple[Ceremony, Credential]:
    """Verify an assertion; raise ``not_found`` for an unknown or deleted one (API notes 4.5)."""
    response = read_credential(signed_challenge)
    ceremony = _take(project, response, ("login", "mediation"))
    found = project.store.credentials.find("webauthn_id", response["id"])
    if not found:
        raise not_found("Used invalid credentials")
    credential = found[0]
    if ceremony.user_id and ceremony.user_id != credential.user_id:
        raise invalid(FIELD, "passkey of another user")
    handle = response["response"].get("userHandle")
    if handle is None and ceremony.kind == "mediation":
        raise invalid(FIELD, "userHandle is missing")
    if handle is not None and handle != encode(credential.user_id.encode()):
        raise invalid(FIELD, "userHandle does not match")
    verified = verify_assertion(project, ceremony.id, response, credential)
    store = project.store
    with store.transaction():
        current = known(store.credentials.get(credential.id), "Used invalid credentials")
        used = after_use(current, verified, user_agent, store.now())
        return ceremony, store.credentials.put(used)


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify_registration(
    project: Project, challenge: str, response: dict[str, Any], field: str = FIELD
) -> VerifiedRegistration:
    """Verify an attestation; raise ``validation_error`` on ``field`` if it is invalid."""
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_registration_response(
            credential=response,
            expected_challenge=decode(challenge),
            expected_rp_id=project.config["webauthnRPID"],
            expected_origin=sorted(project.origins),
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in ALGORITHMS],
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(error, field) from error


def verify_assertion(
    project: Project,
    challenge: str,
    response: dict[str, Any],
    credential: Credential,
    field: str = FIELD,
) -> VerifiedAuthentication:
    """Verify an assertion; raise ``validation_error`` on ``field`` if it is invalid."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify_authentication_response(
            credential=response,
            expected_challenge=decode(challenge),
            expected_rp_id=project.config["webauthnRPID"],
            expected_origin=sorted(project.origins),
            credential_public_key=decode(credential.public_key),
            credential_current_sign_count=credential.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(error, field) from error


def after_use(
    passkey: C, verified: VerifiedAuthentication, user_agent: str, now: float, field: str = FIELD
) -> C:
    """Return the passkey as it is after a login; raise if its counter shows a copy."""
    if verified.new_sign_count and verified.new_sign_count <= passkey.sign_count:
        raise invalid(field, "sign counter did not grow")
    return replace(
        passkey,
        sign_count=verified.new_sign_count,
        backed_up=verified.credential_backed_up,
        last_used=now,
        last_user_agent=user_agent,
    )


def request_options(project: Project, challenge: str) -> dict[str, Any]:
    """Return the options for a login with any passkey."""
    return {
        "challenge": challenge,
        "timeout": BROWSER_TIMEOUT,
        "rpId": project.config["webauthnRPID"],
        "userVerification": "required",
    }


def begin(
    project: Project, kind: str, user_id: str, *, typed: str = "", lifetime: float = LIFETIME
) -> str:
    """Store a new challenge with its kind and user (API notes 7.11)."""
    store = project.store
    challenge = encode(secrets.token_bytes(32))
    with store.transaction():
        now = store.now()
        for old in store.ceremonies.all():
            if old.expires <= now:
                store.ceremonies.remove(old.id)
        store.ceremonies.put(
            Ceremony(id=challenge, kind=kind, user_id=user_id, expires=now + lifetime, typed=typed)
        )
    return challenge


def _take(project: Project, response: Mapping[str, Any], kinds: Collection[str]) -> Ceremony:
    """Find the ceremony by its challenge and use it up, whatever the outcome (API notes 0.6)."""
    client_data = client_data_of(response)
    store = project.store
    with store.transaction():
        ceremony = store.ceremonies.remove(client_data["challenge"])
        return check_ceremony(project, ceremony, client_data, kinds)


def client_data_of(response: Mapping[str, Any], field: str = FIELD) -> Mapping[str, Any]:
    """Return the parsed clientDataJSON; its ``challenge`` is text."""
    try:
        client_data = json.loads(decode(_text(response["response"], "clientDataJSON")))
        return {**client_data, "challenge": _text(client_data, "challenge")}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise invalid(field, "clientDataJSON cannot be read") from error


def check_ceremony(
    project: Project,
    ceremony: Ceremony | None,
    client_data: Mapping[str, Any],
    kinds: Collection[str],
    field: str = FIELD,
) -> Ceremony:
    """Return the ceremony if it is known, current, of one of these kinds and not cross-origin."""
    if ceremony is None or ceremony.expires <= project.store.now() or ceremony.kind not in kinds:
        raise invalid(field, "unknown, used or expired challenge")
    if client_data.get("crossOrigin"):
        raise invalid(field, "made in a frame of another origin")
    return ceremony


def read_credential(text: str, field: str = FIELD) -> dict[str, Any]:
    """Parse the authenticator's response, which is JSON in a string."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(field, "must be JSON in a string") from error
    well_formed = (
        isinstance(value, dict)
        and isinstance(value.get("id"), str)
        and isinstance(value.get("response"), dict)
    )
    if not well_formed:
        raise invalid(field, "must be a public key credential")
    return dict(value)


def _text(values: Any, name: str) -> str:
    value = values[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _refused(error: Exception, field: str) -> ApiError:
    # Status and type are INFERRED 17: the component shows the same for any (API notes 4.5).
    return invalid(field, str(error) or "cannot be verified")


def options_string(public_key: Mapping[str, Any]) -> str:
    return json.dumps({"publicKey": public_key})


def descriptors(credentials: Collection[Credential]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": row.webauthn_id, "transports": row.transports}
        for row in credentials
    ]


def _transports(response: Mapping[str, Any]) -> list[str]:
    known = ("usb", "nfc", "ble", "internal", "hybrid", "smart-card")
    given = response["response"].get("transports")
    return [name for name in given if name in known] if isinstance(given, list) else []
