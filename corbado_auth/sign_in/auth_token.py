"""The auth token in the Redirect URL: removed from the request before anything can log it."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import unquote

from django.http import HttpRequest

from corbado_auth.telemetry import AUTH_TOKEN, take_off

__all__ = [
    "AuthToken",
    "is_top_level_navigation",
    "pop_auth_token",
    "pop_link",
    "token_digest",
    "was_prepared",
]

# Parameters of an emailed link that is for us.
LINK_ID, LINK_TOKEN = "corbadoEmailLinkID", "corbadoToken"  # noqa: S105 -- names of parameters
# 64 characters (API notes 1.3); that they are only letters and digits is INFERRED, so not checked.
FORM = re.compile(r"[!-~]{64}")
# How many times a URL may be percent-encoded inside other URLs.
MAX_DEPTH = 10

PURPOSE_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
LOOKING_AHEAD = {"prefetch", "prerender", "preview"}


class AuthToken(str):
    """A token whose repr hides it: Django's debug page shows every local variable."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<auth token>"


def is_top_level_navigation(request: HttpRequest) -> bool:
    """Return whether a person navigates here, as far as the browser says.

    A link preview, a prefetch, an image, a frame or a script must not use up the one-time token
    (API notes 5.10). Browsers without Fetch Metadata do not say, and are let through.
    A service worker that passes a navigation on makes its destination ``empty``. No script can make
    a request with this mode, but the worker may be passing on a frame's: the proofs that the
    browser asked are still checked, and our pages show nothing in a frame.
    """
    for header in PURPOSE_HEADERS:
        purpose = request.META.get(header)
        if purpose and LOOKING_AHEAD.intersection(re.split(r"[\s,;]+", purpose.lower())):
            return False
    mode = request.META.get("HTTP_SEC_FETCH_MODE", "navigate")
    destination = request.META.get("HTTP_SEC_FETCH_DEST", "document")
    return bool(mode == "navigate" and destination in {"document", "empty"})


def pop_auth_token(request: HttpRequest) -> AuthToken | None:
    """Return the only well-formed token, and leave no trace of it in the request.

    None for no token, two tokens, or a malformed one. Error reports, debug pages and log handlers
    show ``request.GET`` and ``request.META``; the server's own access log is out of our reach.
    """
    values = take_off(request).parameters.get(AUTH_TOKEN, [])
    if len(values) != 1 or not FORM.fullmatch(values[0]):
        return None
    return AuthToken(values[0])


def pop_link(request: HttpRequest) -> tuple[str, AuthToken] | None:
    """Return ID and token of an emailed link, and leave no trace; None if one is missing.

    The parameters are those of a magic link for the component (API notes 0.8).
    """
    hidden = take_off(request).parameters
    ids, tokens = hidden.get(LINK_ID, []), hidden.get(LINK_TOKEN, [])
    if len(ids) != 1 or len(tokens) != 1 or not (ids[0] and tokens[0]):
        return None
    return ids[0], AuthToken(tokens[0])


def was_prepared(request: HttpRequest, token: str) -> bool:
    """Return whether the Referer already contained the token."""
    return _is_in_url(token, take_off(request).referer)


def _is_in_url(token: str, url: str) -> bool:
    """Return whether a URL contains the token, also in nested parameters."""
    for _depth in range(MAX_DEPTH):
        if token in url:
            return True
        decoded = unquote(url)
        if decoded == url:
            return False
        url = decoded
    return True  # No honest URL is percent-encoded this many times.


def token_digest(token: str) -> str:
    """Return a digest for the session: enough to recognize the token, not to use it."""
    return sha256(f"corbado_auth.auth_token {token}".encode()).hexdigest()[:32]
