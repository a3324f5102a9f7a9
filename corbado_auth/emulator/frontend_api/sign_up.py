"""Sign up with a passkey, or by email if the browser does not support any (API notes 4.6 a)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from corbado_auth.emulator import accounts, ceremonies, mail, webhooks
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.frontend_api.people import BLOCKED, signed_in
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import User
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import invalid


def start_with_passkey(call: Call) -> Mapping[str, Any]:
    """Create a pending user, who can still sign in by email if the ceremony is cancelled."""
    fields = call.fields()
    username = fields.text("username", required=True)
    full_name = fields.text("fullName")
    fields.check()
    project = call.project
    if project.config["userFullNameRequired"] and not full_name.strip():
        raise invalid("name", "cannot be blank")
    user = _new_user(project, username, full_name)
    return {"data": {"challenge": ceremonies.start_registration(project, user, "register")}}


def finish_with_passkey(call: Call) -> Mapping[str, Any]:
    """Verify the passkey and sign in. The address stays unverified.

    With ``doubleOptIn`` user and passkey stay pending until an emailed link is followed; the first
    sign-in is allowed, since the component has no other screen for it (INFERRED 16, like everything
    about doubleOptIn).
    """
    fields = call.fields()
    signed_challenge = fields.text("signedChallenge", required=True)
    fields.check()
    project = call.project
    double_opt_in = project.config["doubleOptIn"]
    user = ceremonies.finish_registration(
        project,
        signed_challenge,
        ("register",),
        call.user_agent,
        "pending" if double_opt_in else "active",
    )
    if double_opt_in:
        mail.send_link(project, user, accounts.email_of(project, user.id), "confirmation")
    else:
        with project.store.transaction():
            accounts.activate_user(project, user.id)
    return {"data": signed_in(project, user, ["webauthn", "email"])}


def start_with_email(call: Call) -> Mapping[str, Any]:
    """Create a pending user and email a link; ``username`` is the full name (API notes 4.2)."""
    fields = call.fields()
    address = fields.text("email", required=True)
    full_name = fields.text("username")
    fields.check()
    user = _new_user(call.project, address, full_name)
    link = mail.send_link(call.project, user, address, "sign-up")
    return {"data": {"emailLinkID": link.id}}


def _new_user(project: Project, address: str, full_name: str) -> User:
    """Return a pending user with this address; an unfinished sign-up may start again.

    INFERRED 15. Refused for users the site knows, users with a passkey and users created by the
    site's server: nobody may add a passkey to an address that they have not verified.
    """
    if not EMAIL_FORM.fullmatch(address):
        raise invalid("username", "Invalid email address")
    if not project.config["allowUserRegistration"]:
        raise invalid("username", "sign-up is switched off")
    status = webhooks.login_status(project, address)
    if status != "not_exists":
        raise invalid("username", BLOCKED if status == "blocked" else "user already exists")
    store = project.store
    with store.transaction():
        user = accounts.user_by_login(project, address)
        if user is None and not accounts.identifier_taken(project, "email", address):
            return accounts.create_user(
                project,
                name=address,
                full_name=full_name,
                email=address,
                status="pending",
                signed_up=True,
            )
        may_begin_again = (
            user is not None
            and user.status == "pending"
            and user.signed_up
            and not accounts.passkeys(project, user.id)
        )
        if user is None or not may_begin_again:
            raise invalid("username", "user already exists")
        return store.users.put(replace(user, full_name=full_name, updated=store.now()))


ROUTES = (
    Route("frontend", "POST", "/v1/users/passkey/register/start", start_with_passkey),
    Route("frontend", "POST", "/v1/users/passkey/register/finish", finish_with_passkey),
    Route("frontend", "POST", "/v1/users/emaillinks/register/start", start_with_email),
)
