"""Detecting impersonation, such as support staff acting as a customer."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .conf import conf

__all__ = ["is_impersonating"]


def is_impersonating(request: HttpRequest) -> bool:
    """Return whether the sender of this request is acting as another user.

    Knows django-hijack, django-impersonate, django-loginas and django-su, and asks the site
    (``CORBADO_IS_IMPERSONATING``).
    Someone who acts as a customer must not gain anything that outlives it, such as a passkey.
    """
    session = getattr(request, "session", None)
    is_hijacked = getattr(getattr(request, "user", None), "is_hijacked", False)
    if is_hijacked or (session is not None and any(map(session.get, _session_keys()))):
        return True
    if getattr(request, "impersonator", None) is not None:
        return True
    path = conf.CORBADO_IS_IMPERSONATING
    return bool(path and import_string(path)(request))


def _session_keys() -> tuple[str, ...]:
    """Return where packages keep in the session who is behind it."""
    loginas = getattr(settings, "LOGINAS_FROM_USER_SESSION_FLAG", "loginas_from_user")
    return ("hijack_history", loginas, "exit_users_pk")
