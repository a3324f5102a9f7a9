"""Find, create, change and delete Connect users."""

from __future__ import annotations

import secrets
from dataclasses import replace

from corbado_auth.emulator.ceremonies import encode
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import ConnectPasskey, ConnectUser
from corbado_auth.emulator.wire import ApiError, make_id

HANDLE_BYTES = 32  # WebAuthn allows 64


def by_identifier(project: Project, identifier: str) -> ConnectUser | None:
    """Return the user with the site's own ID."""
    found = project.store.connect_users.find("identifier", identifier) if identifier else []
    return found[0] if found else None


def shown_as(project: Project, name: str) -> ConnectUser | None:
    """Return the user whose one-tap button shows this name, if only one does."""
    found = project.store.connect_users.find("shown_as", name) if name else []
    return found[0] if len(found) == 1 else None


def create(
    project: Project, identifier: str = "", display_name: str = "", status: str = "active"
) -> ConnectUser:
    """Create a user; raise ``already_exists`` if the identifier is taken.

    The user handle is random, not the identifier (INFERRED 30): after a restart the emulator must
    not return the handle of an old passkey, or the browser would delete it (API notes C.0.9).
    """
    store = project.store
    with store.transaction():
        if by_identifier(project, identifier):
            raise ApiError(409, "already_exists", "explicitWebauthnID already exists")
        now = store.now()
        return store.connect_users.put(
            ConnectUser(
                id=make_id("usr"),
                identifier=identifier,
                user_handle=encode(secrets.token_bytes(HANDLE_BYTES)),
                display_name=display_name,
                status=status,
                created=now,
                updated=now,
            )
        )


def get_or_create(project: Project, identifier: str, display_name: str = "") -> ConnectUser:
    """Return the user with this identifier, created if there is none (INFERRED 29)."""
    with project.store.transaction():
        user = by_identifier(project, identifier)
        if user is None:
            return create(project, identifier, display_name)
        if display_name and display_name != user.display_name:
            return change(project, user, display_name=display_name)
        return user


def change(
    project: Project, user: ConnectUser, *, status: str = "", display_name: str | None = None
) -> ConnectUser:
    """Change the given fields of a user."""
    store = project.store
    with store.transaction():
        changed = replace(
            user,
            status=status or user.status,
            display_name=user.display_name if display_name is None else display_name,
            updated=store.now(),
        )
        return store.connect_users.put(changed)


def note_shown_as(project: Project, user_id: str, name: str) -> None:
    """Remember the name that the one-tap button will show."""
    store = project.store
    with store.transaction():
        user = store.connect_users.get(user_id)
        if user is not None and user.shown_as != name:
            store.connect_users.put(replace(user, shown_as=name))


def delete(project: Project, user_id: str) -> None:
    """Delete a user with all passkeys, tokens, ceremonies and signed data."""
    store = project.store
    with store.transaction():
        user = store.connect_users.remove(user_id)
        for table in (store.connect_passkeys, store.ceremonies, store.signed_data):
            for row in table.all():
                if row.user_id == user_id:
                    table.remove(row.id)
        for token in store.connect_tokens.all():
            if user is not None and token.identifier == user.identifier:
                store.connect_tokens.remove(token.id)


def passkeys(project: Project, user_id: str) -> list[ConnectPasskey]:
    return project.store.connect_passkeys.find("user", user_id)
