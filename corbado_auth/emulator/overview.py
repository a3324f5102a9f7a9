"""Describe the state as JSON for the control API; all secrets but email links are masked."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.connect import users
from corbado_auth.emulator.connect.switches import switches
from corbado_auth.emulator.control import Control
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import (
    ConnectToken,
    ConnectUser,
    Credential,
    Delivery,
    EmailLink,
    Token,
    User,
)
from corbado_auth.emulator.request_log import MASK, mask
from corbado_auth.emulator.wire import timestamp

HIDDEN = ("identifierCredentials", "session")
SHOWN = 500  # an import can bring a hundred thousand users, too many for a page that polls


def state(control: Control) -> dict[str, Any]:
    """Return the answer to ``GET state``."""
    project = control.project
    store = project.store
    limit = control.rate_limit
    return {
        "revision": control.revision,
        "now": timestamp(store.now()),
        "clockOffset": store.clock_offset,
        "project": _project(control),
        "rateLimit": {"requests": limit.requests, "seconds": limit.seconds}
        if limit.requests
        else None,
        "userCount": len(store.users),
        "users": [user(project, row) for row in store.users.all()[: -SHOWN - 1 : -1]],
        "tokens": [token(project, row) for row in store.tokens.all()[: -SHOWN - 1 : -1]],
        "connect": _connect(control.connect_project),
        "failures": [failure.public() for failure in reversed(control.failures.all())],
        "webhooks": [_delivery(row) for row in reversed(store.deliveries.all())],
    }


def _connect(project: Project) -> dict[str, Any]:
    store = project.store
    return {
        "projectID": project.id,
        "switches": connect_switches(project),
        "userCount": len(store.connect_users),
        "users": [
            connect_user(project, row) for row in store.connect_users.all()[: -SHOWN - 1 : -1]
        ],
        "tokens": [
            connect_token(project, row) for row in store.connect_tokens.all()[: -SHOWN - 1 : -1]
        ],
    }


def connect_switches(project: Project) -> dict[str, Any]:
    shown = asdict(switches(project))
    return {name: MASK if name in HIDDEN and value else value for name, value in shown.items()}


def connect_user(project: Project, row: ConnectUser) -> dict[str, Any]:
    return {
        "ID": row.id,
        "identifier": row.identifier,
        "displayName": row.display_name,
        "userHandle": row.user_handle,
        "status": row.status,
        "created": timestamp(row.created),
        "passkeys": [_passkey(passkey) for passkey in users.passkeys(project, row.id)],
    }


def connect_token(project: Project, row: ConnectToken) -> dict[str, Any]:
    left = row.expires - project.store.now()
    fresh = "unused" if left > 0 else "expired"
    return {
        "ID": row.id,
        "token": mask(row.secret),
        "type": row.token_type,
        "identifier": row.identifier,
        "state": "used" if row.status == "consumed" else fresh,
        "created": timestamp(row.created),
        "expires": timestamp(row.expires),
        "expiresIn": max(0.0, round(left, 1)),
    }


def user(project: Project, row: User) -> dict[str, Any]:
    return {
        "ID": row.id,
        "name": row.name,
        "fullName": row.full_name,
        "status": row.status,
        "created": timestamp(row.created),
        "emails": [
            {"ID": email.id, "email": email.value, "status": email.status}
            for email in accounts.identifiers(project, row.id, "email")
        ],
        "passkeys": [_passkey(passkey) for passkey in accounts.passkeys(project, row.id)],
    }


def _passkey(row: Credential) -> dict[str, Any]:
    return {
        "ID": row.id,
        "status": row.status,
        "created": timestamp(row.created),
        "lastUsed": timestamp(row.last_used),
        "userAgent": row.user_agent,
        "backedUp": row.backed_up,
    }


def token(project: Project, row: Token) -> dict[str, Any]:
    left = row.expires - project.store.now()
    used = "used" if row.used is not None else "unused" if left > 0 else "expired"
    return {
        # The ID must not reveal the secret, and must be stable.
        "ID": f"tok-{sha256(row.id.encode()).hexdigest()[:16]}",
        "token": mask(row.id),
        "kind": row.kind,
        "userID": row.user_id,
        "email": accounts.email_of(project, row.user_id),
        "state": used,
        "created": timestamp(row.created),
        "expires": timestamp(row.expires),
        "expiresIn": max(0.0, round(left, 1)),
    }


def emails(control: Control) -> dict[str, Any]:
    """Return the answer to ``GET emails``, newest first."""
    links = control.project.store.email_links.all()
    return {
        "revision": control.revision,
        "emails": [email(control.project, row) for row in reversed(links)],
    }


def email(project: Project, row: EmailLink) -> dict[str, Any]:
    left = row.expires - project.store.now()
    return {
        "ID": row.id,
        "to": row.to,
        "subject": row.subject,
        "text": row.text,
        "link": row.link,
        "purpose": row.purpose,
        "created": timestamp(row.created),
        "expires": timestamp(row.expires),
        "expiresIn": max(0.0, round(left, 1)),
        "state": "confirmed" if row.confirmed else "open" if left > 0 else "expired",
    }


def requests(control: Control) -> dict[str, Any]:
    """Return the answer to ``GET requests``, newest first."""
    return {
        "revision": control.revision,
        "requests": [entry.public() for entry in reversed(control.log.all())],
    }


def _project(control: Control) -> dict[str, Any]:
    project, component = control.project, control.config.web_component
    config = project.config
    return {
        "projectID": project.id,
        "name": config["externalName"],
        "applicationURL": config["applicationUrl"],
        "redirectURL": config["authSuccessRedirectUrl"],
        "webhookURL": config["webhookURL"],
        "webhookActions": config["webhookActions"],
        "eventURLs": [row.url for row in project.store.webhook_endpoints.all()],
        "rpID": config["webauthnRPID"],
        "origins": sorted(project.origins),
        "webComponent": component.name if component else "built-in",
        "allowUserRegistration": config["allowUserRegistration"],
        "doubleOptIn": config["doubleOptIn"],
    }


def _delivery(row: Delivery) -> dict[str, Any]:
    return {
        "ID": row.id,
        "action": row.action,
        "url": row.url,
        "username": row.username,
        "status": row.status,
        "error": row.error,
        "answer": row.answer,
        "runtime": row.runtime,
        "created": timestamp(row.created),
    }
