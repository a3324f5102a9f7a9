"""Sessions: creating one, whose it is, and when the person last proved who they are."""

from __future__ import annotations

import logging
import time
from base64 import b32encode
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from secrets import token_bytes
from types import MappingProxyType
from typing import Any, TypeGuard

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import authenticate, login
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.db import router, transaction
from django.db.transaction import TransactionManagementError
from django.http import HttpRequest

from .counting import take_count
from .deadlocks import again_after_deadlock
from .events import log_event, tell_refused
from .exceptions import SignInRefused
from .identity import ConnectUser, CorbadoUser
from .impersonation import is_impersonating
from .models import CorbadoAccount
from .statements import cheap_save, insert

__all__ = ["SignIn", "is_recent", "last_sign_in"]

# In the session: {"user": primary key, "at": seconds since 1970, "method": how, "session": a digest
# of the session's key at the time}. Written only at a real sign-in.
SIGN_IN = "corbado_sign_in"
# In the session, after a sign-in that proves nothing about who holds the session: the time.
KEPT_KEY = "_corbado_auth_kept_key"

# How a person signed in: with a passkey of Connect, through Corbado (whose v1 does not say whether
# with a passkey or with a link), or through another backend. Another way also has to be
# known to the sign-in history (``sign_in_record.py``) and to ``headless/openapi.yaml``.
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
    if not noted or not belongs_to(session, user) or noted["user"] != primary_key(user):
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
    if request is None or session is None or not belongs_to(session, user):
        return
    if hasattr(request, "_corbado_sign_in"):
        return
    # authenticate() sets this attribute on the user. If another user was signed in when this
    # request began, the site may have set it by hand.
    if not getattr(user, "backend", None) or was_another_user(request, user):
        return
    if _kept_key(request):
        session[KEPT_KEY] = int(time.time())
    else:
        _note(session, user, OTHER)


def belongs_to(session: SessionBase, user: Any) -> bool:
    """Return whether a session is signed in as this user."""
    return bool(session.get(auth.SESSION_KEY) == primary_key(user))


def is_signed_in_as(request: HttpRequest, corbado_user: CorbadoUser) -> bool:
    """Return whether this browser is signed in as the local user of this Corbado user."""
    if corbado_user.is_gone or not request.user.is_authenticated:
        return False
    account = CorbadoAccount.objects.for_corbado_user(corbado_user.id)
    # Compared by key: a manager may return the same row as an instance of another class.
    return account is not None and account.user.pk == request.user.pk


def was_another_user(request: HttpRequest, user: Any) -> bool:
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
        request._corbado_former_key = session.session_key  # type: ignore[attr-defined]
        session.cycle_key()


def former_key(request: HttpRequest) -> str | None:
    """Return the key that this session had before it got another one, if it was signed in then.

    If it kept its key, that one; None if nobody was signed in.
    """
    before = getattr(request, "_corbado_former_key", None)
    sent = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return before or (sent if sent == request.session.session_key else None)


def sign_in(
    request: HttpRequest,
    *,
    method: str = CORBADO,
    values: Mapping[str, Any] = MappingProxyType({}),
    **proof: Any,
) -> AbstractBaseUser | None:
    """Sign in the user onto whom the backends map a verified proof, and return the user.

    ``values`` are added to the session. Returns None for a person who may not sign in here. The
    session gets a new key, and is emptied if it belonged to someone else.
    """
    user = authenticate(request, **proof)
    if user is None:
        return None
    session, using = request.session, _database_of(request.session)
    log_in = partial(_log_in, request, user, method, values, count=take_count(user))
    under_way = method, _corbado_id(**proof)
    # Where neither holds, Django's login() reads before it writes, which in a transaction of
    # SQLite's fails at once if another process writes.
    in_transaction = bool(session.session_key) or _is_new(session)
    attempt = partial(
        _all_or_nothing, request, log_in, under_way, using=using if in_transaction else None
    )
    try:
        again_after_deadlock(attempt, using=using)
    except TransactionManagementError:
        # A receiver caught a database error, which undoes a whole transaction. Django's own login()
        # needs none, and then nothing but that receiver's work is lost.
        _all_or_nothing(request, log_in, under_way, using=None)
    except SignInRefused as refusal:
        tell_refused(request, refusal, _corbado_id(**proof))
        request.corbado_refusal = refusal  # type: ignore[attr-defined]
        return None
    log_event(
        logging.INFO,
        "Signed in: local user %s",
        user.pk,
        event="signed_in",
        corbado_user_id=_corbado_id(**proof),
    )
    return user


def _corbado_id(
    *, corbado_user: CorbadoUser | None = None, connect_user: ConnectUser | None = None, **_: Any
) -> str:
    if corbado_user is not None:
        return corbado_user.id
    return connect_user.corbado_user_id if connect_user is not None else ""


def _log_in(
    request: HttpRequest,
    user: Any,
    method: str,
    values: Mapping[str, Any],
    *,
    count: Callable[[], None],
) -> None:
    session, written_key = request.session, ""
    if belongs_to(session, user):
        rotate_key(request)
    elif _is_new(session):
        written_key = _write_once(session, user, method, values)
    count()
    with cheap_save(user, "last_login"):  # By Django's own receiver.
        login(request, user)
    if session.session_key != written_key:  # Django's way, or a receiver has changed the key.
        session.update(values)
        _note(session, user, method)


def _write_once(session: SessionStore, user: Any, method: str, values: Mapping[str, Any]) -> str:
    """Insert the row of a new session, complete, before ``login()``; return the session's key.

    Django looks for a key that is free, inserts an empty row, and updates it at the end of the
    request. Here ``login()`` finds its own values under a key that no browser has ever sent, so it
    leaves both alone, and receivers of ``user_logged_in`` find the row in the database as usual.
    """
    session.update(values)
    session[auth.SESSION_KEY] = primary_key(user)
    session[auth.BACKEND_SESSION_KEY] = user.backend
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    # A key of Django's form, 160 random bits in 32 characters, but without asking first whether it
    # is taken: none is; and if it were, the INSERT would fail.
    session._session_key = key = b32encode(token_bytes(20)).decode().lower()
    _note(session, user, method)
    # Not save(), which would set a savepoint in this transaction: two round trips.
    row = session.create_model_instance(dict(session.items()))
    insert(row, using=router.db_for_write(session.model, instance=row))
    _skip_needless_save(session)
    return key


def _skip_needless_save(session: SessionStore) -> None:
    """Make ``save()`` do nothing as long as the session equals its row.

    It still counts as modified, which makes Django's middleware set the cookie.
    """
    written = session.session_key, deepcopy(dict(session.items()))

    def save(must_create: bool = False) -> None:
        if must_create or (session.session_key, dict(session.items())) != written:
            del session.save  # Back to the method of the class.
            session.save(must_create)

    session.save = save  # type: ignore[method-assign]


def _is_new(session: SessionBase) -> TypeGuard[SessionStore]:
    """Return whether this is an empty session of Django's own engine for the database."""
    return type(session) is SessionStore and session.is_empty()


def _database_of(session: SessionBase) -> str:
    return str(router.db_for_write(getattr(session, "model", CorbadoAccount)))


def method_under_way(request: HttpRequest) -> tuple[str, str]:
    """Return how a person is being signed in, and their Corbado user ID, which may be empty."""
    return getattr(request, "_corbado_sign_in", (OTHER, ""))


def _all_or_nothing(
    request: HttpRequest,
    log_in: Callable[[], None],
    under_way: tuple[str, str],
    *,
    using: str | None,
) -> None:
    """Sign in, or leave session and user as they were.

    ``using`` is the database on which to open a transaction, or None. Raises
    TransactionManagementError if a receiver of ``user_logged_in`` caught a database error in it.
    """
    session, user = request.session, request.user
    before = session.session_key, deepcopy(dict(session.items()))
    request._corbado_sign_in = under_way  # type: ignore[attr-defined]
    try:
        with transaction.atomic(using=using) if using else nullcontext():
            log_in()
            if using and transaction.get_rollback(using=using):
                raise TransactionManagementError  # Otherwise the session would silently be lost.
    except Exception:
        if not using and before[0] is None:
            with suppress(Exception):  # The session store may be what failed.
                session.flush()
        # Otherwise the site's own error page would save the session with the user in it.
        vars(session).pop("save", None)
        session._session_key, session._session_cache = before  # type: ignore[attr-defined]
        session.modified = False
        request.user = user
        raise
    finally:
        del request._corbado_sign_in  # type: ignore[attr-defined]


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
    return sha256(f"corbado_auth.session {session.session_key}".encode()).hexdigest()[:16]
