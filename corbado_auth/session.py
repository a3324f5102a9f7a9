"""Sessions: creating one, whose it is, and when the person last proved who they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import authenticate, login
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from .identity import CorbadoUser
from .impersonation import is_impersonating
from .models import CorbadoAccount

__all__ = ["SignIn", "is_recent", "last_sign_in"]

# In the session: {"user": primary key, "at": seconds since 1970, "method": how, "session": a digest
# of the session's key at the time}. Written at a real sign-in alone.
SIGN_IN = "corbado_sign_in"
# In the session, after a sign-in that proves nothing about who holds the session: the time.
KEPT_KEY = "_corbado_auth_kept_key"

# How a person signed in: with a passkey of Connect, through Corbado (whose v1 does not say whether
# with a passkey or with a link), or through another backend.
PASSKEY, CORBADO, OTHER = "passkey", "corbado", "other"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session's last real sign-in: the time, and the method.

    ``method`` is ``passkey`` (of Corbado Connect), ``corbado`` (a passkey or a link by email), or
    ``other``.
    """

    at: datetime
    method: str


def last_sign_in(request: HttpRequest) -> SignIn | None:
    """Return when and how the signed-in person proved who they are, in this session, or None.

    None for an anonymous visitor, while impersonating, and for a session that was not created by a
    sign-in, such as django-hijack's.
    """
    session, user = getattr(request, "session", None), getattr(request, "user", None)
    if session is None or user is None or not user.is_authenticated or is_impersonating(request):
        return None
    noted = session.get(SIGN_IN)
    # Both: django-impersonate puts the other user into the request, not into the session.
    if not noted or not is_users(session, user) or noted["user"] != primary_key(user):
        return None
    return SignIn(at=datetime.fromtimestamp(noted["at"], UTC), method=noted["method"])


def is_recent(request: HttpRequest, seconds: float) -> bool:
    """Return whether the person signed in within the last ``seconds``, in this session."""
    last = last_sign_in(request)
    return last is not None and 0 <= time.time() - last.at.timestamp() <= seconds


def has_kept_key(request: HttpRequest) -> bool:
    """Return whether the last sign-in of this session did not count.

    The session kept its key then, so a stolen copy would have become fresh, too.
    """
    return KEPT_KEY in request.session


def note_sign_in(request: HttpRequest | None, user: Any, **_signal: Any) -> None:
    """Note in the session that the person has just proved who they are.

    Connected to ``user_logged_in``, which says less than it seems to: token views send it for
    requests without a session, or with an old one and no proof (django-rest-knox), and packages
    for impersonation send it when staff become a customer, and again on the way back. The user's
    ``last_login`` would not do either: an old, stolen session would become fresh whenever its owner
    signs in elsewhere.
    """
    session = getattr(request, "session", None)
    if request is None or session is None or not is_users(session, user):
        return
    # authenticate() sets this attribute on the user. If another user was signed in when this
    # request began, the site may have set it by hand.
    if not getattr(user, "backend", None) or was_somebody_else(request, user):
        return
    if _kept_key(request):
        session[KEPT_KEY] = int(time.time())
    else:
        _note(session, user, OTHER)


def is_users(session: SessionBase, user: Any) -> bool:
    """Return whether a session is signed in as this user."""
    return bool(session.get(auth.SESSION_KEY) == primary_key(user))


def is_signed_in_as(request: HttpRequest, corbado_user: CorbadoUser) -> bool:
    """Return whether this browser is signed in as the local user of this Corbado user."""
    if corbado_user.is_gone or not request.user.is_authenticated:
        return False
    account = CorbadoAccount.objects.for_corbado_user(corbado_user.id)
    # Compared by key: a manager may return the same row as an instance of another class.
    return account is not None and account.user.pk == request.user.pk


def was_somebody_else(request: HttpRequest, user: Any) -> bool:
    """Return whether this request began as another user's, if its user has been looked up.

    True when staff become a customer by impersonation, and on the way back.
    """
    looked_up = (getattr(request, name, None) for name in ("_cached_user", "_acached_user"))
    return any(
        each is not None and each.is_authenticated and each.pk != user.pk for each in looked_up
    )


def rotate_key(request: HttpRequest) -> None:
    """Give a signed-in session a new key, before its owner signs in again.

    ``login()`` keeps the key of a session that is signed in as the same user, and a thief's copy of
    it would become as fresh as the owner's. Before the sign-in, not after: receivers of
    ``user_logged_in`` may store a foreign key to the session's row.
    """
    session = getattr(request, "session", None)
    if session is not None and auth.SESSION_KEY in session:
        session.cycle_key()


def sign_in(
    request: HttpRequest, *, method: str = CORBADO, **proof: Any
) -> AbstractBaseUser | None:
    """Sign in the user onto whom the backends map a verified proof, and return the user.

    Returns None for a person who may not sign in here. The session gets a new key, and is emptied
    if it belonged to somebody else.
    """
    user = authenticate(request, **proof)
    if user is not None:
        with _atomic_login(request):
            if is_users(request.session, user):
                rotate_key(request)
            login(request, user)
            _note(request.session, user, method)
    return user


@contextmanager
def _atomic_login(request: HttpRequest) -> Iterator[None]:
    """Make ``login()`` all-or-nothing.

    A session that is being replaced is restored by the transaction. A browser that sent none needs
    no transaction: its new row is deleted instead, which saves the savepoint that Django opens
    inside a transaction, two round trips per sign-in. What receivers of the login signal wrote
    before the failure, such as ``last_login``, then stays, as after any ``login()``.
    """
    session, user = request.session, request.user
    had_session = bool(session.session_key)
    try:
        with transaction.atomic() if had_session else nullcontext():
            yield
    except Exception:
        if not had_session:
            with suppress(Exception):  # The session store may be what failed.
                session.flush()
        # Or the site's own error page would save the session with the user in it.
        for name in (auth.SESSION_KEY, auth.BACKEND_SESSION_KEY, auth.HASH_SESSION_KEY):
            session.pop(name, None)
        session.modified = False
        request.user = user
        raise


def _note(session: SessionBase, user: Any, method: str) -> None:
    session.pop(KEPT_KEY, None)
    session[SIGN_IN] = {
        "user": primary_key(user),
        "at": int(time.time()),
        "method": method,
        "session": _digest(session),
    }


def primary_key(user: Any) -> str:
    """Return the primary key as Django stores it in a session."""
    return str(user._meta.pk.value_to_string(user))


def _kept_key(request: HttpRequest) -> bool:
    """Return whether the session still has the key that the browser, or an app, sent."""
    session = request.session
    if session.session_key == request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        return True
    noted = session.get(SIGN_IN)
    return bool(noted and noted["session"] == _digest(session))


def _digest(session: SessionBase) -> str:
    """Return a digest of the session's key, which is safe to store in the session's data."""
    key = str(session.session_key)
    return salted_hmac("corbado_auth.session", key, algorithm="sha256").hexdigest()[:16]
