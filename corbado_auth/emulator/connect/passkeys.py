"""Run Connect's WebAuthn ceremonies and describe passkeys.

Two things differ from API v1: the user handle is random, and only success uses up a challenge,
since the component retries with the same options (API notes C.0.12).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from corbado_auth.emulator import ceremonies
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.connect import users
from corbado_auth.emulator.devices import browser_name, system_name
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Ceremony, ConnectPasskey, ConnectUser
from corbado_auth.emulator.wire import invalid, known, not_found, timestamp

LIFETIME = 15 * 60  # INFERRED 34: longer than browsers keep an init answer and its challenge
APPEND, LOGIN, CONDITIONAL = "connect-append", "connect-login", "connect-conditional"
# Passkey providers, by the AAGUID that their passkeys carry.
PROVIDERS = {
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
}


def start_append(project: Project, user: ConnectUser) -> str:
    """Return the options string for a new passkey of this user.

    The browser shows the user's display name as the account (INFERRED 30).
    """
    name = user.display_name or user.identifier
    return ceremonies.creation_options(
        project,
        challenge=_begin(project, APPEND, user.id),
        user={"id": user.user_handle, "name": name, "displayName": name},
        known=users.passkeys(project, user.id),
    )


def start_login(project: Project, user: ConnectUser, typed: str) -> str:
    """Return the options string for a login with one of this user's passkeys."""
    options = ceremonies.request_options(project, _begin(project, LOGIN, user.id, typed=typed))
    allowed = ceremonies.descriptors(users.passkeys(project, user.id))
    return ceremonies.options_string({**options, "allowCredentials": allowed})


def start_conditional(project: Project) -> str:
    """Return the options string for conditional UI, where the user picks any passkey."""
    options = ceremonies.request_options(project, _begin(project, CONDITIONAL))
    return ceremonies.options_string({**options, "allowCredentials": []})


def finish_append(
    project: Project, text: str, user_agent: str
) -> tuple[ConnectUser, ConnectPasskey, str]:
    """Verify and store a new passkey; return its user, the passkey and the ceremony type."""
    field = "attestationResponse"
    response = ceremonies.read_credential(text, field)
    ceremony, client_data = _find(project, response, (APPEND,), field)
    verified = ceremonies.verify_registration(project, ceremony.id, response, field)
    store = project.store
    with store.transaction():
        _use_up(project, ceremony, client_data, field)
        user = known(store.connect_users.get(ceremony.user_id), "user doesn't exist")
        values = ceremonies.credential_values(verified, response, user_agent, store.now())
        if store.connect_passkeys.find("webauthn_id", values["webauthn_id"]):
            raise invalid(field, "credential already exists")
        passkey = ConnectPasskey(user_id=user.id, status="active", **values)
        store.connect_passkeys.put(passkey)
    return user, passkey, _ceremony_type(response)


class CredentialDeleted(Exception):
    """A passkey that the browser still offers, but that has been deleted here."""


def finish_login(
    project: Project, text: str, user_agent: str, *, is_conditional: bool
) -> tuple[Ceremony, ConnectPasskey, str]:
    """Verify a login; return its ceremony, the passkey and the ceremony type.

    An unknown passkey raises ``CredentialDeleted`` in conditional UI, otherwise ``not_found``.
    """
    field = "assertionResponse"
    response = ceremonies.read_credential(text, field)
    kind = CONDITIONAL if is_conditional else LOGIN
    ceremony, client_data = _find(project, response, (kind,), field)
    found = project.store.connect_passkeys.find("webauthn_id", response["id"])
    owner = project.store.connect_users.get(found[0].user_id) if found else None
    if owner is None:
        if is_conditional:
            raise CredentialDeleted
        raise not_found("Used invalid credentials")
    passkey = found[0]
    if ceremony.user_id and ceremony.user_id != owner.id:
        raise invalid(field, "passkey of another user")
    handle = response["response"].get("userHandle")
    if handle != owner.user_handle and (handle is not None or is_conditional):
        raise invalid(field, "userHandle does not match")
    verified = ceremonies.verify_assertion(project, ceremony.id, response, passkey, field)
    store = project.store
    with store.transaction():
        _use_up(project, ceremony, client_data, field)
        current = known(store.connect_passkeys.get(passkey.id), "Used invalid credentials")
        used = ceremonies.after_use(current, verified, user_agent, store.now(), field)
        store.connect_passkeys.put(used)
    return ceremony, used, _ceremony_type(response)


def operation(
    project: Project,
    kind: str,
    user: ConnectUser,
    passkey: ConnectPasskey,
    ceremony_type: str,
    typed: str = "",
) -> dict[str, Any]:
    """Return a ``passkeyOperation``, which browsers keep as the last login.

    The one-tap button shows its identifier. That it is what was typed, or else the display name, is
    INFERRED 32: an opaque identifier on a button would help nobody.
    """
    shown = typed or user.shown_as or user.display_name or user.identifier
    users.note_shown_as(project, user.id, shown)
    return {
        "operationType": kind,
        "identifierValue": shown,
        "identifierType": identifier_type(shown),
        "ceremonyType": ceremony_type,
        "aaguidDetails": _provider(passkey),
    }


def identifier_type(value: str) -> str:
    return "email" if EMAIL_FORM.fullmatch(value) else "username"


def describe(passkey: ConnectPasskey) -> dict[str, Any]:
    """Return a passkey as both APIs list it."""
    return {
        "id": passkey.id,
        "credentialID": passkey.webauthn_id,
        "attestationType": passkey.attestation_type,
        "transport": passkey.transports,
        "backupEligible": passkey.backup_eligible,
        "backupState": passkey.backed_up,
        "authenticatorAAGUID": passkey.aaguid,
        "aaguidDetails": _provider(passkey),
        "sourceOS": system_name(passkey.user_agent),
        "sourceBrowser": browser_name(passkey.user_agent),
        "lastUsed": timestamp(passkey.last_used),
        "lastUsedMs": int(passkey.last_used * 1000),
        "created": timestamp(passkey.created),
        "createdMs": int(passkey.created * 1000),
        "status": passkey.status,
        "tags": _tags(passkey),
    }


def _tags(passkey: ConnectPasskey) -> list[str]:
    facts = {"synced": passkey.backed_up, "hybrid": "hybrid" in passkey.transports}
    return [name for name, holds in facts.items() if holds]


def _provider(passkey: ConnectPasskey) -> dict[str, str]:
    name = PROVIDERS.get(passkey.aaguid, "Passkey")
    return {"aaguid": passkey.aaguid, "name": name, "iconLight": "", "iconDark": ""}


def _begin(project: Project, kind: str, user_id: str = "", *, typed: str = "") -> str:
    return ceremonies.begin(project, kind, user_id, typed=typed, lifetime=LIFETIME)


def _find(
    project: Project, response: Mapping[str, Any], kinds: Collection[str], field: str
) -> tuple[Ceremony, Mapping[str, Any]]:
    """Find the ceremony without using it up: only success does that."""
    client_data = ceremonies.client_data_of(response, field)
    ceremony = project.store.ceremonies.get(client_data["challenge"])
    return ceremonies.check_ceremony(project, ceremony, client_data, kinds, field), client_data


def _use_up(
    project: Project, ceremony: Ceremony, client_data: Mapping[str, Any], field: str
) -> None:
    """Use a challenge up: of two callers at once, only one succeeds."""
    taken = project.store.ceremonies.remove(ceremony.id)
    ceremonies.check_ceremony(project, taken, client_data, (ceremony.kind,), field)


def _ceremony_type(response: Mapping[str, Any]) -> str:
    """Return whether the passkey is local, on a nearby phone, or on a security key."""
    if response.get("authenticatorAttachment") != "cross-platform":
        return "local"
    transports = response["response"].get("transports")
    is_key = isinstance(transports, list) and transports and "hybrid" not in transports
    return "security-key" if is_key else "cda"
