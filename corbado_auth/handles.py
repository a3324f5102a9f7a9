"""Handles: the identifiers by which Corbado Connect knows local users."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .conf import conf

__all__ = ["MAX_HANDLE", "is_handle", "new_handle"]

MAX_HANDLE = 255


def new_handle(user: Any) -> str:
    """Return a random handle, or what the site's CORBADO_CONNECT_IDENTIFIER returns for the user.

    128 bits, so that handles do not collide between copies of the database, or between two sites
    of one Corbado project.
    """
    path = conf.CORBADO_CONNECT_IDENTIFIER
    if not path:
        return secrets.token_hex(16)
    try:
        identify = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"CORBADO_CONNECT_IDENTIFIER: {error}") from error
    handle = identify(user)
    if not is_handle(handle):
        raise ImproperlyConfigured(
            f"CORBADO_CONNECT_IDENTIFIER: {path} must return a string of 1 to {MAX_HANDLE} "
            "printable characters."
        )
    return str(handle)


def is_handle(value: object) -> bool:
    """Return whether this is a valid handle."""
    return isinstance(value, str) and 0 < len(value) <= MAX_HANDLE and value.isprintable()
