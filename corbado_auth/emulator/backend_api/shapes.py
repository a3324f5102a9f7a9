"""Serialise records for the backend API (API notes 1.3, 1.6)."""

from __future__ import annotations

from typing import Any

from corbado_auth.emulator import accounts
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Identifier, User
from corbado_auth.emulator.wire import timestamp


def full_user(project: Project, user: User) -> dict[str, Any]:
    """Return ``fullUser``, which has every list, empty or not."""
    return {
        **brief_user(user),
        # `disabled` is never returned (API notes 1.5); that it reads as `deleted` is INFERRED 7.
        "status": "deleted" if user.status == "disabled" else user.status,
        "emails": [email(row) for row in accounts.identifiers(project, user.id, "email")],
        "phoneNumbers": [
            {**identifier(row), "phoneNumber": row.value}
            for row in accounts.identifiers(project, user.id, "phone_number")
        ],
        "usernames": [],
        "socialAccounts": [],
    }


def brief_user(user: User) -> dict[str, Any]:
    """Return a user without addresses, as an update does."""
    return {
        "ID": user.id,
        "name": user.name,
        "fullName": user.full_name,
        "created": timestamp(user.created),
        "updated": timestamp(user.updated),
        "status": user.status,
    }


def email(row: Identifier) -> dict[str, Any]:
    return {**identifier(row), "email": row.value}


def identifier(row: Identifier) -> dict[str, Any]:
    return {
        "ID": row.id,
        "created": timestamp(row.created),
        "updated": timestamp(row.updated),
        "status": row.status,
    }
