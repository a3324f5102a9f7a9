"""The session of a person: making it, whose it is, and when they proved who they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from django.contrib import auth
from django.contrib.auth import authenticate, login
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest

from .identity import CorbadoUser
from .models import CorbadoAccount

__all__ = ["is_recent", "is_signed_in_as", "note_sign_in", "sign_in"]

SIGNED_IN_AT = "_corbado_auth_signed_in_at"


def note_sign_in(request: HttpRequest | None, **_signal: Any) -> None:
    """Note in the session that the person proved who they are, now.

    Connected to ``user_logged_in``. The user's ``last_login`` would not do: an old, stolen session
    would become fresh whenever the owner signs in elsewhere.
    """
    session = getattr(request, "session", None)
    if session is not None:
        session[SIGNED_IN_AT] = int(time.time())


def is_recent(request: HttpRequest, seconds: int) -> bool:
    """Tell whether the last sign-in of this session is at most so many seconds ago."""
    noted = request.session.get(SIGNED_IN_AT)
    return isinstance(noted, int) and 0 <= time.time() - noted <= seconds


def is_signed_in_as(request: HttpRequest, corbado_user: CorbadoUser) -> bool:
    """Tell whether this browser is signed in as the local user of this Corbado user."""
    if corbado_user.is_gone or not request.user.is_authenticated:
        return False
    account = CorbadoAccount.objects.for_corbado_user(corbado_user.id)
    return account is not None and account.user == request.user


def sign_in(request: HttpRequest, **proof: Any) -> AbstractBaseUser | None:
    """Make the session of whoever the backends map a verified proof onto, and return the user.

    Returns None for a person who has no way in here. Django's ``login()`` rotates the session key
    and flushes a session that belongs to somebody else.
    """
    user = authenticate(request, **proof)
    if user is not None:
        with _atomic_login(request):
            login(request, user)
    return user


@contextmanager
def _atomic_login(request: HttpRequest) -> Iterator[None]:
    """Make ``login()`` all-or-nothing.

    A session that is being replaced is restored by the transaction. A browser that brought none
    needs no transaction: its new row is deleted instead, which saves the savepoint that Django
    opens inside a transaction, two round trips per sign-in. What receivers of the login signal
    wrote before the failure, such as ``last_login``, then stays, as after any ``login()``.
    """
    session, user = request.session, request.user
    had_session = bool(session.session_key)
    try:
        with transaction.atomic() if had_session else nullcontext():
            yield
    except Exception:
        if not had_session:
            with suppress(Exception):  # What keeps sessions may be what failed.
                session.flush()
        # Or an answer of the site's own to the failure would save who was about to be signed in.
        for name in (auth.SESSION_KEY, auth.BACKEND_SESSION_KEY, auth.HASH_SESSION_KEY):
            session.pop(name, None)
        session.modified = False
        request.user = user
        raise
