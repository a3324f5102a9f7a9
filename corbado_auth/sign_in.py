"""The last steps of a sign-in, which the redirect view and the confirm page share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import authenticate, login
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.crypto import constant_time_compare

from . import intent, waiting
from .conf import conf
from .identity import CorbadoUser
from .models import CorbadoAccount, written_database

__all__ = ["SeeOther", "is_signed_in_as", "reloaded_next", "sign_in", "welcome"]

# In the session of a sign-in: which token made it, and where it led.
SESSION_KEY = "_corbado_auth_reload"


class SeeOther(HttpResponseRedirect):
    """Redirect to a page that is asked for with GET, whatever this request was."""

    status_code = 303


def sign_in(
    request: HttpRequest, corbado_user: CorbadoUser, *, next_url: str, token_digest: str
) -> SeeOther | None:
    """Make the session, or return None for a person who has no way in here.

    Django's ``login()`` rotates the session key, and flushes the session of anybody else.
    """
    user = authenticate(request, corbado_user=corbado_user)
    if user is None:
        return None
    with _whole_or_undone(request):
        login(request, user)
    target = next_url or resolve_url(settings.LOGIN_REDIRECT_URL)
    request.session[SESSION_KEY] = [token_digest, target]
    return welcome(request, target)


@contextmanager
def _whole_or_undone(request: HttpRequest) -> Iterator[None]:
    """Let nobody be half signed in by a ``login()`` that fails halfway, and nobody lose a session.

    A session that is replaced comes back with the transaction. Whoever brought none has none to
    lose: its new row is deleted, and every such sign-in is spared the savepoint that Django's own
    transaction makes inside ours, two round trips to the database. What the login signal's
    receivers wrote before the failure, ``last_login`` first, then stays, as after any ``login()``.
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


def welcome(request: HttpRequest, next_url: str) -> SeeOther:
    """Send a signed-in person on; what waited in the browser has done its work.

    Without a Referer: it would still be the login page's, with what a magic link left in its query.
    """
    response = SeeOther(next_url or resolve_url(settings.LOGIN_REDIRECT_URL))
    intent.cookie.drop(request, response)
    waiting.cookie.drop(request, response)
    # Enough for every cache (RFC 9111, section 5.2.2.5), and in the way of every sign-in.
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def is_signed_in_as(request: HttpRequest, corbado_user: CorbadoUser) -> bool:
    """Tell whether this browser is signed in as the local user of this Corbado user."""
    if corbado_user.is_gone or not request.user.is_authenticated:
        return False
    account = CorbadoAccount.with_user(
        conf.CORBADO_PROJECT_ID, corbado_user.id, using=written_database()
    )
    return account is not None and account.user == request.user


def reloaded_next(request: HttpRequest, token_digest: str) -> str:
    """Return where a token led that signed in this very session, or an empty string."""
    if not request.user.is_authenticated:
        return ""
    digest, target = request.session.get(SESSION_KEY, ("", ""))
    return target if constant_time_compare(digest, token_digest) else ""
