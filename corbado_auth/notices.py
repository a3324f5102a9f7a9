"""Emails that tell people what happened to their account, where CORBADO_EMAIL_NOTICES is on."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth import get_backends
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language, override

from .conf import conf
from .db_connections import release_to_ask
from .events import log_event
from .http import exact_cookies
from .local_users import email_of
from .models import ConnectAccount, CorbadoAccount, db_for_write
from .session import primary_key

__all__ = ["note_browser", "tell_passkey_added", "tell_passkey_removed"]

SALT = "corbado_auth.known_browsers"
# The longest time for which browsers keep a cookie.
MAX_AGE = 400 * 24 * 3600
# How many people of one browser are remembered: more would make the cookie too long.
MOST_PEOPLE = 20


def tell_passkey_added(
    account: CorbadoAccount | ConnectAccount, request: HttpRequest | None = None, **_signal: Any
) -> None:
    """Email the person. Connected to ``passkey_added``."""
    _send("passkey_added", account.user, request)


def tell_passkey_removed(
    account: CorbadoAccount | ConnectAccount, request: HttpRequest | None = None, **_signal: Any
) -> None:
    """Email the person. Connected to ``passkey_removed``."""
    _send("passkey_removed", account.user, request)


def note_browser(request: HttpRequest, response: HttpResponseBase) -> None:
    """Email a person who has just signed in with a browser that is new to them, and remember it.

    The cookie proves nothing and opens nothing: with a stolen one, no email is sent. If the
    database fails, the browser is new again at the next sign-in; this one stands.
    """
    if not conf.CORBADO_EMAIL_NOTICES:
        return
    user: Any = request.user
    known, digest = _known(request), _digest(user)
    try:
        is_told = digest not in known and not _has_just_come(user)
    except DatabaseError as error:
        _log_failure("new_browser", user, error)
        return
    if is_told:
        _send("new_browser", user, request)
    known = [digest, *(each for each in known if each != digest)][:MOST_PEOPLE]
    response.set_cookie(
        _cookie_name(),
        signing.dumps(known, salt=SALT),
        max_age=MAX_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _known(request: HttpRequest) -> list[str]:
    sent = exact_cookies(request).get(_cookie_name(), "")
    try:
        known = signing.loads(sent, salt=SALT, max_age=MAX_AGE)
    except (signing.BadSignature, ValueError):
        return []
    return known if isinstance(known, list) else []


def _cookie_name() -> str:
    return f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}corbado_browsers"


def _digest(user: Any) -> str:
    return salted_hmac(SALT, primary_key(user), algorithm="sha256").hexdigest()[:16]


def _has_just_come(user: Any) -> bool:
    """Return whether this is the first sign-in of a new person: any browser would be new."""
    return any(
        model._default_manager.using(db_for_write())
        .filter(user_id=user.pk, is_new_user=True, sign_in_count__lte=1)
        .exists()
        for model in (CorbadoAccount, ConnectAccount)
    )


def _send(name: str, user: Any, request: HttpRequest | None) -> None:
    """Send an email; any failure is logged, and breaks nothing."""
    address = email_of(user)
    if not (conf.CORBADO_EMAIL_NOTICES and address):
        return
    try:
        with override(_language(user)):
            message = _message(name, user, request, address)
            release_to_ask()  # Mail servers take their time, too.
            message.send()
    except Exception as error:  # noqa: BLE001 -- any exception of a mail backend or a template
        _log_failure(name, user, error)


def _log_failure(name: str, user: Any, error: Exception) -> None:
    """Log that an email was not sent; not the error's text, which may quote an address."""
    log_event(
        logging.ERROR,
        "The email %s to local user %s was not sent: %s",
        name,
        user.pk,
        type(error).__name__,
        event="notice_failed",
        reason=name,
    )


def _message(
    name: str, user: Any, request: HttpRequest | None, address: str
) -> EmailMultiAlternatives:
    context = {
        "name": user.get_username(),
        "site": request.get_host() if request is not None else "",
        "at": timezone.now(),
        "url": _passkeys_url(request),
        "language": get_language(),
        "user": user,
    }
    folder = "corbado_auth/email"
    subject = " ".join(render_to_string(f"{folder}/{name}_subject.txt", context).split())
    text = render_to_string(f"{folder}/{name}.txt", context).strip() + "\n"
    message = EmailMultiAlternatives(subject, text, None, [address])
    message.attach_alternative(render_to_string(f"{folder}/{name}.html", context), "text/html")
    return message


def _language(user: Any) -> str:
    """Return the person's language if the site knows it, else that of this page."""
    hooks = (getattr(backend, "language_of", None) for backend in get_backends())
    wanted = next((hook(user) for hook in hooks if hook is not None), "")
    return wanted or get_language() or settings.LANGUAGE_CODE


def _passkeys_url(request: HttpRequest | None) -> str:
    page = "connect-passkeys" if conf.uses_connect_alone() else "passkeys"
    try:
        return request.build_absolute_uri(reverse(f"corbado_auth:{page}")) if request else ""
    except NoReverseMatch:
        return ""
