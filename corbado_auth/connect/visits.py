"""Proof of having opened a login page with the component: those who have go first in the limits.

Signed, so that nobody can make one up; it says nothing about the person, and is not secret.
"""

from __future__ import annotations

from django.core import signing
from django.utils.crypto import get_random_string

from corbado_auth.conf import own_project_id

__all__ = ["new_visit", "read_visit"]

SALT = "corbado_auth.connect.visit"
ONE_HOUR = 60 * 60


def new_visit() -> str:
    """Return a new mark, for one visit to the page."""
    return signing.dumps(get_random_string(12), salt=_salt())


def read_visit(value: object) -> str:
    """Return the ID in a mark if it is ours and not too old, else an empty string."""
    if not isinstance(value, str):
        return ""
    try:
        found = signing.loads(value, salt=_salt(), max_age=ONE_HOUR)
    except (signing.BadSignature, ValueError):
        return ""
    return str(found)


def _salt() -> str:
    """Return the salt, which differs between the projects of one site."""
    return f"{SALT}.{project_id}" if (project_id := own_project_id()) else SALT
