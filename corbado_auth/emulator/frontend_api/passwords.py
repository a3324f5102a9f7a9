"""Offer the ways to sign in, and have the site verify a password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import accounts, webhooks
from corbado_auth.emulator.frontend_api.people import look_up, signed_in, user_of
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import invalid


def list_auth_methods(call: Call) -> Mapping[str, Any]:
    """Offer ``password`` where the site says that the user exists (API notes 3, INFERRED 14)."""
    fields = call.fields()
    username = fields.text("username", required=True)
    fields.check()
    person = look_up(call.project, username)
    own = accounts.auth_methods(call.project, person.user.id) if person.user else ["email"]
    methods = [*(["password"] if person.site_knows else []), *own]
    if "webauthn" in methods:
        # The component takes the first way it supports: a passkey before a password (4.6 b).
        methods.sort(key=lambda method: method != "webauthn")
    return {"data": {"selectedMethods": methods, "possibleMethods": methods}}


def verify(call: Call) -> Mapping[str, Any]:
    """Sign in by the site's password.

    The address then counts as confirmed (INFERRED 20): the site has vouched for its owner.
    """
    fields = call.fields()
    username = fields.text("username", required=True)
    password = fields.text("password", required=True)
    fields.check()
    project = call.project
    person = look_up(project, username)
    if not webhooks.password_is_right(project, username, password):
        raise invalid("password", "Wrong password")
    user = user_of(project, person)
    accounts.confirm_email(project, user.id, username)
    methods = ["password", *accounts.auth_methods(project, user.id)]
    return {"data": signed_in(project, user, methods)}


ROUTES = (
    Route("frontend", "POST", "/v1/users/authmethods", list_auth_methods),
    Route("frontend", "POST", "/v1/users/password/verify", verify),
)
