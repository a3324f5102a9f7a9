"""Find the user for a username, with the help of the site's webhook if it has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from corbado_auth.emulator import accounts, webhooks
from corbado_auth.emulator.accounts import EMAIL_FORM
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import User
from corbado_auth.emulator.wire import ApiError, invalid

# The sentence is INFERRED 14; that nothing is given out is not (API notes 7.13).
BLOCKED = "user is blocked"


@dataclass(frozen=True)
class Person:
    """A person who signs in; ``user`` is None if only the site knows them."""

    username: str
    user: User | None
    site_knows: bool


def look_up(project: Project, username: str) -> Person:
    """Find the person; raise what the component shows at the field (API notes 4.5, 7.16).

    The answer reveals whether a user exists, as Corbado's does: the component depends on it.
    """
    if not EMAIL_FORM.fullmatch(username):
        raise invalid("username", "Invalid email address")
    status = webhooks.login_status(project, username)
    if status == "blocked":
        raise invalid("username", BLOCKED)
    user = accounts.user_by_login(project, username)
    if user is None and accounts.identifier_taken(project, "email", username):
        raise invalid("username", BLOCKED)
    if user is None and status != "exists":
        raise invalid("username", "user doesn't exist")
    return Person(username, user, status == "exists")


def user_of(project: Project, person: Person) -> User:
    """Return the Corbado user of a person, created if only the site knew them (INFERRED 19)."""
    if person.user is not None:
        return person.user
    with project.store.transaction():
        return accounts.user_by_login(project, person.username) or accounts.create_user(
            project, name=person.username, email=person.username, status="pending"
        )


def signed_in(project: Project, user: User, methods: Sequence[str]) -> dict[str, Any]:
    """Return ``authenticationRsp``, with a session token for adding a passkey.

    Own session management: neither a short nor a long session (API notes 4.2).
    """
    return {
        "redirectURL": project.redirect_url(user.id),
        "sessionToken": project.issue_session_token(user.id),
        "authMethods": list(methods),
    }


def user_of_bearer(project: Project, token: str) -> User:
    """Return the user of a session token, which is not used up (API notes 7.14)."""
    found = project.valid_token("session", token)
    user = project.store.users.get(found.user_id) if found else None
    if user is None or user.status == "disabled":
        raise ApiError(401, "login_error", "The session is missing or over")
    return user
