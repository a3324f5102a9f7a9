"""Recording when a linked user last signed in with a password.

Accurate to the day, so that each user's password sign-ins write at most once a day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.models import ConnectAccount, CorbadoAccount, db_for_write
from corbado_auth.passwords import came_with_password
from corbado_auth.session import was_another_user

__all__ = ["note_password", "note_sign_in"]

ONE_DAY = timedelta(days=1)


def note_sign_in(user: Any, request: HttpRequest | None = None, **_signal: Any) -> None:
    """Record a sign-in with a password. Connected to ``user_logged_in``."""
    became = request is not None and was_another_user(request, user)
    if came_with_password(request, user) and not became:
        note_password(user)


def note_password(user: AbstractBaseUser) -> None:
    """Record that this user's password was used; does nothing for a user without an account.

    In the accounts of all projects, since the password opens the site for all of them.
    """
    now = timezone.now()
    is_older = Q(last_password_at=None) | Q(last_password_at__lt=now - ONE_DAY)
    if not conf.uses_connect_alone():
        accounts = CorbadoAccount.objects.using(db_for_write())
        accounts.filter(is_older, user_id=user.pk).update(last_password_at=now)
    if conf.CORBADO_CONNECT:
        passkeys = ConnectAccount.objects.using(db_for_write())
        passkeys.filter(is_older, user_id=user.pk).update(last_password_at=now)
