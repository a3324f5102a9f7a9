"""The auth token on the Redirect URL: taken off the request before anything can log it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from corbado_auth.telemetry import AUTH_TOKEN, take_off

__all__ = [
    "AuthToken",
    "is_top_level_navigation",
    "pop_auth_token",
    "pop_link",
    "token_digest",
    "was_prepared",
]

# Of a mailed link that is for us.
LINK_ID, LINK_TOKEN = "corbadoEmailLinkID", "corbadoToken"  # noqa: S105 -- names of parameters
# 64 characters (API notes 1.3); that they are letters and digits alone is INFERRED, so not asked.
FORM = re.compile(r"[!-~]{64}")
# How many times a URL may be percent-encoded inside others.
MAX_DEPTH = 10

PURPOSE_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
LOOKING_AHEAD = {"prefetch", "prerender", "preview"}


class AuthToken(str):
    """Keep a token from Django's debug page, which shows every local variable, decorated or not."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<auth token>"


def is_top_level_navigation(request: HttpRequest) -> bool:
    """Return whether a person is on the way here, as far as the browser says.

    A link preview, a prefetch, an image, a frame or a script must not spend the one-time token
    (API notes 5.10). Browsers without Fetch Metadata say nothing and are let through.
    """
    for header in PURPOSE_HEADERS:
        purpose = request.META.get(header)
        if purpose and LOOKING_AHEAD.intersection(re.split(r"[\s,;]+", purpose.lower())):
            return False
    mode = request.META.get("HTTP_SEC_FETCH_MODE", "navigate")
    destination = request.META.get("HTTP_SEC_FETCH_DEST", "document")
    return bool(mode == "navigate" and destination == "document")


def pop_auth_token(request: HttpRequest) -> AuthToken | None:
    """Return the one well-formed token, and leave no trace of it on the request.

    None for no token, two tokens, or one of another form. Error reports, debug pages and log
    handlers show ``request.GET`` and ``request.META``; the server's own access log is not ours.
    """
    values = take_off(request).parameters.get(AUTH_TOKEN, [])
    if len(values) != 1 or not FORM.fullmatch(values[0]):
        return None
    return AuthToken(values[0])


def pop_link(request: HttpRequest) -> tuple[str, AuthToken] | None:
    """Return ID and token of a mailed link, and leave no trace of them; None for less.

    Of the same parameters as a magic link for the component (API notes 0.8).
    """
    hidden = take_off(request).parameters
    ids, tokens = hidden.get(LINK_ID, []), hidden.get(LINK_TOKEN, [])
    if len(ids) != 1 or len(tokens) != 1 or not (ids[0] and tokens[0]):
        return None
    return ids[0], AuthToken(tokens[0])


def was_prepared(request: HttpRequest, token: str) -> bool:
    """Return whether the Referer had the token in it already."""
    return _is_in_url(token, take_off(request).referer)


def _is_in_url(token: str, url: str) -> bool:
    """Return whether a URL has the token in it, in parameters of parameters, too."""
    for _depth in range(MAX_DEPTH):
        if token in url:
            return True
        decoded = unquote(url)
        if decoded == url:
            return False
        url = decoded
    return True  # No honest URL is percent-encoded so many times.


def token_digest(token: str) -> str:
    """Return what a session may keep of a token: enough to know it again, not to use it."""
    return salted_hmac("corbado_auth.auth_token", token, algorithm="sha256").hexdigest()[:32]
