"""Find, create and change the users of a project."""

from __future__ import annotations

import re
from dataclasses import replace

from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Credential, Identifier, User, identifier_key
from corbado_auth.emulator.wire import ApiError, make_id

EMAIL_FORM = re.compile(r"[^@\s]+@[^@\s]+")
PREFIXES = {"email": "ema", "phone_number": "pho", "custom": "cli"}


def user_by_login(project: Project, username: str, kind: str = "email") -> User | None:
    """Return the user who signs in with this address; disabled users cannot."""
    found = project.store.identifiers.find("key", identifier_key(kind, username))
    user = project.store.users.get(found[0].user_id) if found else None
    return user if user is not None and user.status != "disabled" else None


def identifier_taken(project: Project, kind: str, value: str) -> bool:
    return bool(project.store.identifiers.find("key", identifier_key(kind, value)))


def create_user(
    project: Project,
    *,
    name: str,
    full_name: str = "",
    email: str = "",
    phone_number: str = "",
    status: str = "active",
    confirmed: bool = False,
    signed_up: bool = False,
) -> User:
    """Create a user with its identifiers in one step; raise ``already_exists`` if one is taken.

    ``confirmed`` says whether the address counts as verified.
    """
    store = project.store
    with store.transaction():
        for kind, value in (("email", email), ("phone_number", phone_number)):
            if value and identifier_taken(project, kind, value):
                # Type and status of a duplicate are INFERRED 5 (API notes 1.2, 1.5).
                raise ApiError(409, "already_exists", f"{kind} already exists")
        now = store.now()
        user = store.users.put(
            User(
                id=make_id("usr"),
                name=name,
                full_name=full_name,
                status=status,
                created=now,
                updated=now,
                signed_up=signed_up,
            )
        )
        for kind, value in (("email", email), ("phone_number", phone_number)):
            if value:
                add_identifier(project, user, kind, value, confirmed=confirmed)
        return user


def add_identifier(
    project: Project, user: User, kind: str, value: str, *, confirmed: bool = False
) -> Identifier:
    """Add an address to a user; raise ``already_exists`` if it is taken."""
    store = project.store
    with store.transaction():
        if identifier_taken(project, kind, value):
            raise ApiError(409, "already_exists", f"{kind} already exists")
        now = store.now()
        return store.identifiers.put(
            Identifier(
                id=make_id(PREFIXES[kind]),
                user_id=user.id,
                kind=kind,
                value=value.strip(),
                status="active" if confirmed else "pending",
                created=now,
                updated=now,
            )
        )


def identifiers(project: Project, user_id: str, kind: str) -> list[Identifier]:
    return [row for row in project.store.identifiers.find("user", user_id) if row.kind == kind]


def email_of(project: Project, user_id: str) -> str:
    """Return the first address of a user, or an empty string."""
    found = identifiers(project, user_id, "email")
    return found[0].value if found else ""


def confirm_email(project: Project, user_id: str, address: str) -> None:
    """Mark an address as verified; a pending user and pending passkeys become active."""
    store = project.store
    with store.transaction():
        now = store.now()
        for row in store.identifiers.find("key", identifier_key("email", address)):
            if row.user_id == user_id and row.status != "active":
                store.identifiers.put(replace(row, status="active", updated=now))
        activate_user(project, user_id)
        for credential in store.credentials.find("user", user_id):
            if credential.status == "pending":
                store.credentials.put(replace(credential, status="active"))


def activate_user(project: Project, user_id: str) -> None:
    store = project.store
    user = store.users.get(user_id)
    if user is not None and user.status == "pending":
        store.users.put(replace(user, status="active", updated=store.now()))


def delete_user(project: Project, user_id: str) -> None:
    """Delete a user with all addresses, passkeys, tokens, links and ceremonies."""
    store = project.store
    with store.transaction():
        store.users.remove(user_id)
        for table in (
            store.identifiers,
            store.credentials,
            store.tokens,
            store.email_links,
            store.ceremonies,
        ):
            for row in table.all():
                if row.user_id == user_id:
                    table.remove(row.id)


def passkeys(project: Project, user_id: str, *, status: str = "") -> list[Credential]:
    found = project.store.credentials.find("user", user_id)
    return [row for row in found if not status or row.status == status]


def auth_methods(project: Project, user_id: str) -> list[str]:
    """Return the ways in which a user can sign in, as far as Corbado itself knows.

    ``webauthn`` needs an active passkey: without one the component hangs (API notes 4.3). ``email``
    is always there, since the component falls back to it (4.6 b).
    """
    has_passkey = bool(passkeys(project, user_id, status="active"))
    return [*(["webauthn"] if has_passkey else []), "email"]
