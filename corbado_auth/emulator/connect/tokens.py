"""Issue, find and consume connect tokens (API notes C.3.2)."""

from __future__ import annotations

from dataclasses import replace

from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import ConnectToken
from corbado_auth.emulator.wire import invalid, make_id, random_text

APPEND, DELETE, LIST, LOGIN = TYPES = (
    "passkey-append",
    "passkey-delete",
    "passkey-list",
    "passkey-login",
)
STATUSES = ("initial", "consumed")
LIFETIME = 5 * 60  # INFERRED 27: no source states the default
KEPT = 1000


def issue(
    project: Project,
    token_type: str,
    identifier: str,
    display_name: str = "",
    lifetime: float = LIFETIME,
) -> ConnectToken:
    """Issue a token for one kind of operation of one user."""
    store = project.store
    with store.transaction():
        _forget_old(project)
        now = store.now()
        return store.connect_tokens.put(
            ConnectToken(
                id=make_id("ctk"),
                secret=f"ctk1_{random_text(30)}",
                token_type=token_type,
                identifier=identifier,
                display_name=display_name,
                status="initial",
                created=now,
                expires=now + lifetime,
            )
        )


def check(project: Project, token_type: str, secret: str, field: str) -> ConnectToken:
    """Return a valid token of this type; raise ``validation_error`` on ``field`` otherwise.

    Unknown, used and expired tokens and those of another type get one answer (INFERRED 27).
    """
    store = project.store
    found = store.connect_tokens.find("secret", secret)
    token = found[0] if found else None
    if (
        token is None
        or token.token_type != token_type
        or token.status != "initial"
        or token.expires <= store.now()
    ):
        raise invalid(field, "unknown, used or expired connect token")
    return token


def consume(project: Project, token_type: str, secret: str, field: str) -> ConnectToken:
    """Check a token and use it up: of two callers at once, only one gets it."""
    store = project.store
    with store.transaction():
        token = check(project, token_type, secret, field)
        return store.connect_tokens.put(replace(token, status="consumed"))


def _forget_old(project: Project) -> None:
    store = project.store
    if len(store.connect_tokens) >= KEPT:
        now = store.now()
        for token in store.connect_tokens.all():
            if token.status == "consumed" or token.expires <= now:
                store.connect_tokens.remove(token.id)
