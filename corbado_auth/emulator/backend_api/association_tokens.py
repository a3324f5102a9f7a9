"""Issue association tokens: the site vouches for the user who adds a passkey (API notes 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.backend_api.users import LOGIN_IDENTIFIER_TYPES
from corbado_auth.emulator.project import ASSOCIATION_TOKEN_LIFETIME
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import invalid, random_text

PREFIX = "ast1_"
RANDOM_PART = 30


def create(call: Call) -> Mapping[str, Any]:
    """Return a token of 35 characters.

    An unknown identifier creates a user (INFERRED 11), so the user base need not be imported first.
    That user's address is pending, since Corbado has not verified it. A disabled user is refused
    with a ``rejectionReason``, whose values are documented nowhere (INFERRED 11).
    """
    fields = call.fields()
    identifier = fields.text("loginIdentifier", required=True)
    kind = fields.text("loginIdentifierType", required=True, one_of=LOGIN_IDENTIFIER_TYPES)
    fields.client_info(required=True)
    fields.check()
    if kind == "email" and not EMAIL_FORM.fullmatch(identifier):
        raise invalid("loginIdentifier", "must be a valid email address")
    project = call.project
    with project.store.transaction():
        user = accounts.user_by_login(project, identifier, kind)
        if user is None and accounts.identifier_taken(project, kind, identifier):
            return {"data": {"rejectionReason": "user_disabled"}}
        if user is None:
            user = accounts.create_user(project, name=identifier)
            accounts.add_identifier(project, user, kind, identifier)
        token = project.issue_token(
            "association", user.id, ASSOCIATION_TOKEN_LIFETIME, PREFIX + random_text(RANDOM_PART)
        )
    return {"data": {"token": token.id}}


ROUTES = (Route("backend", "POST", "/v1/associationTokens", create),)
