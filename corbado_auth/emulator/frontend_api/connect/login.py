"""Sign in with a passkey: by a typed name, one tap or autofill (API notes C.2.2, C.2.4)."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from corbado_auth.emulator.connect import passkeys, pre_login, signed_data, tokens, users
from corbado_auth.emulator.connect.passkeys import CredentialDeleted
from corbado_auth.emulator.connect.pre_login import Resolution
from corbado_auth.emulator.connect.switches import (
    CREDENTIAL_DELETED,
    NO_USER,
    USER_NOT_FOUND,
    switches,
)
from corbado_auth.emulator.fields import BLANK
from corbado_auth.emulator.frontend_api.connect.processes import open_process, process_id
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import ConnectUser
from corbado_auth.emulator.routing import Call, Route, bare
from corbado_auth.emulator.wire import invalid, not_found

SOURCES = ("one-tap", "text-field", "error-soft", "error-hard")
# A placeholder in the switch `session`: older components hand over only the session.
SIGNED_DATA = "{signedPasskeyData}"
# What the component shows; a code without a message falls back silently.
MESSAGES = {
    USER_NOT_FOUND: "There is no account for what you entered.",
    CREDENTIAL_DELETED: "This passkey has been removed. Please sign in another way.",
    "cui_alternative_project_id": "This passkey is for another site.",
    "unexpected_error": "Signing in with a passkey is not possible right now.",
    NO_USER: "",
    "identifier_not_whitelisted": "",
}


def init(call: Call) -> Response:
    """Return whether this browser may use passkeys, and a challenge for conditional UI."""
    project = call.project
    turned = switches(project)
    process, allowed, common = open_process(call, kill_switch=turned.loginKillSwitchActive)
    answer: dict[str, Any] = {"token": process, "loginAllowed": allowed, **common}
    client = call.body["clientInformation"]
    if allowed and turned.conditionalUI and client.get("isConditionalMediationAvailable"):
        answer["flags"] = {"conditional-ui-allowed": "true"}
        answer["conditionalUIChallenge"] = passkeys.start_conditional(project)
    return bare(answer)


def start(call: Call) -> Response:
    """Return a challenge for the user, or the reason to fall back, which is not an error."""
    fields = call.fields()
    identifier = fields.text("identifier")
    source = fields.text("source", required=True, one_of=SOURCES)
    fields.typed("loadedMs", int, required=True)
    token = fields.text("loginConnectToken")
    fields.boolean("identifierHintAvailable")
    fields.typed("oneTapMeta", dict)
    fields.check()
    if not identifier.strip() and not token:
        raise invalid("identifier", BLANK)
    project = call.project
    turned = switches(project)
    if turned.requireConnectLoginToken and not token:
        raise invalid("loginConnectToken", BLANK)
    if turned.loginKillSwitchActive:
        return _fall_back(identifier, Resolution())
    if turned.fallback:
        return _fall_back(identifier, Resolution(code=turned.fallback))
    user, reason = _intended_user(project, identifier, source, token)
    if user is None:
        return _fall_back(identifier, reason)
    return bare(
        {
            "assertionOptions": passkeys.start_login(project, user, identifier),
            "isCDA": turned.isCDA,
            "fallbackOperationError": {"initFallback": False},
        }
    )


def finish(call: Call) -> Response:
    """Verify the assertion and sign its outcome.

    Only a failure has ``fallbackOperationError``: in conditional UI the component falls back if
    there is one, whatever it says.
    """
    fields = call.fields()
    text = fields.text("assertionResponse", required=True)
    is_conditional = fields.boolean("isConditionalUI", required=True)
    fields.typed("loadedMs", int)
    fields.check()
    project = call.project
    turned = switches(project)
    if turned.fallback or turned.loginKillSwitchActive:
        return bare({"session": "", "signedPasskeyData": "", **_reason(turned.fallback)})
    try:
        ceremony, passkey, how = passkeys.finish_login(
            project, text, call.user_agent, is_conditional=bool(is_conditional)
        )
    except CredentialDeleted:
        return bare({"session": "", "signedPasskeyData": "", **_reason(CREDENTIAL_DELETED)})
    user = project.store.connect_users.get(passkey.user_id)
    if user is None or user.status != "active":
        raise not_found("Used invalid credentials")
    signed = signed_data.issue(
        project,
        user,
        credential_id=passkey.id,
        process_id=process_id(call),
        is_conditional=bool(is_conditional),
    )
    return bare(
        {
            "session": turned.session.replace(SIGNED_DATA, signed),
            "signedPasskeyData": signed,
            "passkeyOperation": passkeys.operation(
                project, "verify", user, passkey, how, ceremony.typed
            ),
        }
    )


def _intended_user(
    project: Project, identifier: str, source: str, token: str
) -> tuple[ConnectUser | None, Resolution]:
    """Return the user who wants to sign in and can, or the reason why not."""
    if token:
        found = tokens.consume(project, tokens.LOGIN, token, "loginConnectToken").identifier
        resolution = Resolution(identifier=found)
        user = users.by_identifier(project, found)
    else:
        # One tap sends back the name that it was given, which need not be one a person would type.
        user = users.shown_as(project, identifier) if source != "text-field" else None
        resolution = Resolution() if user else pre_login.resolve(project, identifier)
        user = user or users.by_identifier(project, resolution.identifier)
    if user is not None and user.status == "active" and users.passkeys(project, user.id):
        return user, resolution
    if resolution.identifier or user is not None:
        # A user without a passkey is answered like an unknown one (INFERRED 33).
        return None, Resolution(code=NO_USER)
    return None, resolution


def _fall_back(identifier: str, why: Resolution) -> Response:
    return bare(
        {"assertionOptions": "", "isCDA": False, **_reason(why.code, why.message, identifier)}
    )


def _reason(code: str, message: str = "", identifier: str = "") -> dict[str, Any]:
    """Return ``fallbackOperationError``; an unknown user may correct the input."""
    error: dict[str, Any] = {
        "initFallback": code != USER_NOT_FOUND,
        "identifier": identifier,
    }
    if code:
        error["error"] = {"code": code, "message": message or MESSAGES.get(code, "")}
    return {"fallbackOperationError": error}


ROUTES = (
    Route("frontend", "POST", "/v2/connect/login/init", init),
    Route("frontend", "POST", "/v2/connect/login/start", start),
    Route("frontend", "POST", "/v2/connect/login/finish", finish),
)
