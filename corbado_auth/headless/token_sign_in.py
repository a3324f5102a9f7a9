"""A sign-in that results in a token: the same rules, counts and signals, but no session."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, user_logged_in
from django.db import transaction
from django.http import HttpRequest

from corbado_auth.api_tokens import TokenExchange
from corbado_auth.counting import take_count
from corbado_auth.deadlocks import again_after_deadlock
from corbado_auth.events import log_event, tell_refused
from corbado_auth.exceptions import SignInRefused
from corbado_auth.identity import ConnectUser, CorbadoUser
from corbado_auth.models import db_for_write

__all__ = ["sign_in_for_token"]


def sign_in_for_token(
    request: HttpRequest,
    tokens: TokenExchange | None,
    *,
    method: str,
    corbado_user: CorbadoUser | None = None,
    connect_user: ConnectUser | None = None,
) -> tuple[Any, dict[str, Any]] | None:
    """Sign in the user onto whom the backends map a proof; return the user and a token, or None.

    Count, signal and token are one transaction. Receivers of ``user_logged_in`` get an empty
    session that is thrown away, so that none of them sets a cookie.
    """
    proof = {"corbado_user": corbado_user, "connect_user": connect_user}
    user = authenticate(request, **{name: each for name, each in proof.items() if each is not None})
    if user is None or tokens is None:
        return None
    if corbado_user is not None:
        corbado_id = corbado_user.id
    else:
        corbado_id = connect_user.corbado_user_id if connect_user is not None else ""
    count = take_count(user)
    before = request.session, request.user
    request.session, request.user = _empty_session(), user
    request._corbado_sign_in = method, corbado_id  # type: ignore[attr-defined]

    def log_in() -> dict[str, Any]:
        with transaction.atomic(using=db_for_write()):
            count()
            user_logged_in.send(sender=type(user), request=request, user=user)
            return tokens.issue(request, user)

    try:
        token = again_after_deadlock(log_in, using=db_for_write())
    except SignInRefused as refusal:
        tell_refused(request, refusal, corbado_id)
        request.corbado_refusal = refusal  # type: ignore[attr-defined]
        return None
    finally:
        request.session, request.user = before
        del request._corbado_sign_in  # type: ignore[attr-defined]
    request.user = user
    log_event(
        logging.INFO,
        "Signed in: local user %s",
        user.pk,
        event="signed_in",
        corbado_user_id=corbado_id,
    )
    return user, token


def _empty_session() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore()
