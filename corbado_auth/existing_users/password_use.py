"""When a linked user last came in another way than through Corbado: with a password, mostly.

To the day, so that a password sign-in writes at most one row a day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount

__all__ = ["is_corbado", "note_password", "note_sign_in"]

ONE_DAY = timedelta(days=1)


def is_corbado(backend: str) -> bool:
    """Tell whether this dotted path of a backend is CorbadoBackend's, or a subclass's."""
    return issubclass(import_string(backend), CorbadoBackend)


def note_sign_in(user: Any, **_signal: Any) -> None:
    """Note a sign-in through another backend. Connected to ``user_logged_in``."""
    backend = getattr(user, "backend", None)
    if backend and not is_corbado(backend):
        note_password(user)


def note_password(user: AbstractBaseUser) -> None:
    """Note that this user's password was used; nothing for a user without an account."""
    now = timezone.now()
    CorbadoAccount.objects.current().filter(
        Q(last_password_at=None) | Q(last_password_at__lt=now - ONE_DAY), user_id=user.pk
    ).update(last_password_at=now)
