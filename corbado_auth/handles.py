"""What Corbado Connect knows a local user by."""

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

    128 bits: in a copy of the database, or on a second site of the same Corbado project, nobody
    else has the same one.
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
            f"CORBADO_CONNECT_IDENTIFIER: {path} has to return a string of 1 to {MAX_HANDLE} "
            "printable characters."
        )
    return str(handle)


def is_handle(value: object) -> bool:
    """Tell whether this can be a handle."""
    return isinstance(value, str) and 0 < len(value) <= MAX_HANDLE and value.isprintable()
