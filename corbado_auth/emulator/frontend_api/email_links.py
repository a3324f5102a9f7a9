"""Sign in by magic link, in both tabs, and by login token (API notes 4.6 d)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import accounts, mail
from corbado_auth.emulator.frontend_api.people import look_up, signed_in, user_of
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import ApiError, known


def start_login(call: Call) -> Mapping[str, Any]:
    """Email a link to a known user, or to one who cancelled a sign-up."""
    fields = call.fields()
    username = fields.text("username", required=True)
    fields.check()
    project = call.project
    user = user_of(project, look_up(project, username))
    link = mail.send_link(project, user, username.strip(), "login")
    return {"data": {"emailLinkID": link.id}}


def confirm(call: Call) -> Mapping[str, Any]:
    """Sign in the tab that opened the link.

    The status is 400 and the type is not ``validation_error``: with anything else the component
    hangs (API notes 4.5).
    """
    fields = call.fields()
    link_id = fields.text("emailLinkID", required=True)
    token = fields.text("token", required=True)
    fields.check()
    link = known(mail.confirm_link(call.project, link_id, token), "Email link not valid", 400)
    return _signed_in(call.project, link.user_id)


def status(call: Call) -> Mapping[str, Any]:
    """Sign in the waiting tab with a token of its own; 404 keeps it polling (4.6 d)."""
    fields = call.fields()
    link_id = fields.text("emailLinkID", required=True)
    fields.check()
    link = known(mail.collect_link(call.project, link_id), "Email link not valid")
    return _signed_in(call.project, link.user_id)


def use_login_token(call: Call) -> Mapping[str, Any]:
    """Sign in by the token that the site's server got for a validated email link."""
    fields = call.fields()
    text = fields.text("token", required=True)
    fields.check()
    token = known(call.project.spend_token("login", text), "Login token not valid", 400)
    return _signed_in(call.project, token.user_id)


def _signed_in(project: Project, user_id: str) -> Mapping[str, Any]:
    user = project.store.users.get(user_id)
    if user is None or user.status == "disabled":
        raise ApiError(400, "not_found", "user doesn't exist")
    return {"data": signed_in(project, user, accounts.auth_methods(project, user.id))}


ROUTES = (
    Route("frontend", "POST", "/v1/users/emaillinks/login/start", start_login),
    Route("frontend", "POST", "/v1/users/emaillinks/confirm", confirm),
    Route("frontend", "POST", "/v1/users/emaillinks/status", status),
    Route("frontend", "POST", "/v1/users/logintoken", use_login_token),
)
