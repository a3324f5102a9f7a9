"""Send and validate email links on behalf of the site's server (API notes 1.9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from corbado_auth.emulator import accounts, mail
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.config import origin_of
from corbado_auth.emulator.project import LOGIN_TOKEN_LIFETIME
from corbado_auth.emulator.records import EmailLink
from corbado_auth.emulator.routing import Call, Route
from corbado_auth.emulator.wire import invalid, known, not_found, timestamp

PURPOSES = ("authentication", "confirmation", "invitation")
LIFETIME_FORM = re.compile(r"(\d{1,4})([smh])")
UNITS = {"s": 1, "m": 60, "h": 3600}


def send(call: Call) -> Mapping[str, Any]:
    """Send a link by email; ``create`` creates a missing user."""
    fields = call.fields()
    address = fields.text("email", required=True)
    redirect = fields.text("redirect", required=True)
    create = fields.boolean("create", required=True)
    lifetime = fields.text("tokenLifetime") or "5m"
    full_name = fields.text("userFullName")
    purpose = fields.text("purpose", one_of=PURPOSES) or "authentication"
    payload = fields.text("additionalPayload")
    fields.text("templateName")
    fields.client_info(required=False)
    fields.check()
    if not EMAIL_FORM.fullmatch(address):
        raise invalid("email", "must be a valid email address")
    if origin_of(redirect) is None:
        raise invalid("redirect", "must be a valid URL")
    match = LIFETIME_FORM.fullmatch(lifetime)
    if match is None:
        raise invalid("tokenLifetime", "must be a duration such as 5m")
    project = call.project
    with project.store.transaction():
        user = accounts.user_by_login(project, address)
        if user is None and not create:
            raise not_found("user doesn't exist")
        if user is None:
            user = accounts.create_user(project, name=address, full_name=full_name, email=address)
        link = mail.send_link(
            project,
            user,
            address,
            purpose,
            target=redirect,
            lifetime=int(match[1]) * UNITS[match[2]],
            additional_payload=payload,
        )
    return {"data": {"emailLinkID": link.id}}


def validate(call: Call) -> Mapping[str, Any]:
    """Use a link, and issue a login token for the component if requested."""
    fields = call.fields()
    token = fields.text("token", required=True)
    wants_login_token = fields.boolean("createLoginToken")
    fields.client_info(required=False)
    fields.check()
    project = call.project
    link = mail.confirm_link(project, _find(call).id, token)
    user = project.store.users.get(link.user_id) if link else None
    if link is None or user is None:
        # The answer to a wrong token is INFERRED 12.
        raise invalid("token", "does not match")
    answer = {
        "userID": user.id,
        "userFullName": user.full_name,
        "userEmail": link.to,
        "additionalPayload": link.additional_payload,
    }
    if wants_login_token:
        login_token = project.issue_token("login", user.id, LOGIN_TOKEN_LIFETIME)
        answer["loginToken"] = login_token.id
    return answer


def get(call: Call) -> Mapping[str, Any]:
    link = _find(call)
    user = call.project.store.users.get(link.user_id)
    return {
        "data": {
            "emailLink": {
                "ID": link.id,
                "userID": link.user_id,
                "email": link.to,
                "userFullName": user.full_name if user else "",
                "purpose": link.purpose if link.purpose in PURPOSES else "authentication",
                "created": timestamp(link.created),
                "updated": timestamp(link.updated),
                "status": "confirmed" if link.confirmed else "active",
                "additionalPayload": link.additional_payload,
            }
        }
    }


def delete(call: Call) -> Mapping[str, Any]:
    """Delete a link; the answer is described as that of a validation."""
    store = call.project.store
    with store.transaction():
        link = _find(call)
        store.email_links.remove(link.id)
    user = store.users.get(link.user_id)
    return {
        "userID": link.user_id,
        "userFullName": user.full_name if user else "",
        "userEmail": link.to,
        "additionalPayload": link.additional_payload,
    }


def _find(call: Call) -> EmailLink:
    return known(
        call.project.store.email_links.get(call.params["emailLinkID"]), "Email link not valid"
    )


ROUTES = (
    Route("backend", "POST", "/v1/emailLinks", send),
    Route("backend", "PUT", "/v1/emailLinks/{emailLinkID}/validate", validate),
    Route("backend", "GET", "/v1/emailLinks/{emailLinkID}", get, needs_body=False),
    Route("backend", "DELETE", "/v1/emailLinks/{emailLinkID}", delete, needs_body=False),
)
