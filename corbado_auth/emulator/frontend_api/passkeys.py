"""Sign in with a passkey, and add one (API notes 4.6 b, c, e, f)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import accounts, ceremonies, webhooks
from corbado_auth.emulator.backend_api.users import LOGIN_IDENTIFIER_TYPES
from corbado_auth.emulator.frontend_api.people import (
    look_up,
    signed_in,
    user_of_bearer,
)
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Ceremony, User
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import ApiError, invalid, not_found


def start_login(call: Call) -> Mapping[str, Any]:
    """Return a challenge for the user's passkeys; ``not_found`` sends the component to email."""
    fields = call.fields()
    username = fields.text("username", required=True)
    fields.check()
    user = look_up(call.project, username).user
    if user is None or not accounts.passkeys(call.project, user.id):
        raise not_found("user doesn't exist")
    return {"data": {"challenge": ceremonies.start_login(call.project, user)}}


def start_mediation(call: Call) -> Mapping[str, Any]:
    """Return a challenge for conditional UI; the username may be empty."""
    fields = call.fields()
    fields.text("username")
    fields.check()
    return {"data": {"challenge": ceremonies.start_mediation(call.project)}}


def finish_login(call: Call) -> Mapping[str, Any]:
    """Verify the assertion and sign in.

    A pending passkey does not sign in: conditional UI gets ``confirmedCredential: false`` and
    continues by email, other logins get ``client_error`` (API notes 4.5).
    """
    fields = call.fields()
    signed_challenge = fields.text("signedChallenge", required=True)
    fields.check()
    project = call.project
    ceremony, credential = ceremonies.finish_login(project, signed_challenge, call.user_agent)
    user = project.store.users.get(credential.user_id)
    if user is None or user.status == "disabled":
        raise not_found("Used invalid credentials")
    username = accounts.email_of(project, user.id) or user.name
    if ceremony.kind == "mediation" and webhooks.login_status(project, username) == "blocked":
        # No username was sent before, so the site is asked only now (API notes 7.13).
        raise not_found("Used invalid credentials")
    if credential.status != "active":
        return {"data": _unconfirmed(ceremony, username)}
    methods = accounts.auth_methods(project, user.id)
    return {
        "data": {
            "username": username,
            "confirmedCredential": True,
            **signed_in(project, user, methods),
        }
    }


def start_append(call: Call) -> Mapping[str, Any]:
    """Return a challenge for a further passkey of the bearer token's user."""
    project = call.project
    user = user_of_bearer(project, call.bearer)
    if _has_passkey_here(project, user, call.user_agent):
        raise invalid("sessionToken", "user already exists")
    return {"data": {"challenge": ceremonies.start_registration(project, user, "append")}}


def start_association(call: Call) -> Mapping[str, Any]:
    """Return a challenge for the token's user, and use the token up (INFERRED 11)."""
    fields = call.fields()
    text = fields.text("associationToken", required=True)
    fields.check()
    project = call.project
    token = project.spend_token("association", text)
    user = project.store.users.get(token.user_id) if token else None
    if user is None or user.status == "disabled":
        raise invalid("associationToken", "unknown, used or expired")
    return {"data": {"challenge": ceremonies.start_registration(project, user, "append")}}


def finish_append(call: Call) -> Mapping[str, Any]:
    """Verify a further passkey. The call has no session: the challenge identifies the user."""
    fields = call.fields()
    signed_challenge = fields.text("signedChallenge", required=True)
    fields.check()
    project = call.project
    user = ceremonies.finish_registration(
        project, signed_challenge, ("append",), call.user_agent, "active"
    )
    return {"data": {"redirectURL": project.redirect_url(user.id)}}


def exists_on_device(call: Call) -> Mapping[str, Any]:
    """Return whether a user has a passkey on this device.

    How Corbado recognises the device is unknown (INFERRED 21). The elements that ask send no
    cookie, so here it is the User-Agent that created or used the passkey.
    """
    fields = call.fields()
    value = fields.text("loginIdentifier", required=True)
    kind = fields.text("loginIdentifierType", required=True, one_of=LOGIN_IDENTIFIER_TYPES)
    fields.check()
    user = accounts.user_by_login(call.project, value, kind)
    return {"exists": user is not None and _has_passkey_here(call.project, user, call.user_agent)}


def _has_passkey_here(project: Project, user: User, user_agent: str) -> bool:
    return any(
        user_agent in {row.user_agent, row.last_user_agent}
        for row in accounts.passkeys(project, user.id, status="active")
    )


def _unconfirmed(ceremony: Ceremony, username: str) -> Mapping[str, Any]:
    if ceremony.kind != "mediation":
        raise ApiError(400, "client_error", "Unconfirmed credential")
    return {
        "username": username,
        "confirmedCredential": False,
        "redirectURL": "",
        "authMethods": ["email"],
    }


ROUTES = (
    Route("frontend", "POST", "/v1/users/passkey/login/start", start_login),
    Route("frontend", "POST", "/v1/users/passkey/login/finish", finish_login),
    Route("frontend", "POST", "/v1/users/passkey/mediation/start", start_mediation),
    Route("frontend", "POST", "/v1/users/passkey/append/start", start_append, needs_body=False),
    Route("frontend", "POST", "/v1/users/passkey/append/finish", finish_append),
    Route("frontend", "POST", "/v1/users/passkey/associate/start", start_association),
    Route("frontend", "POST", "/v1/users/device/passkey", exists_on_device),
)
