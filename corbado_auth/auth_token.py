"""The auth token on the Redirect URL: taken off the request before anything can log it."""

from __future__ import annotations

import re

from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

__all__ = ["is_top_level_navigation", "take_auth_token", "token_digest"]

PARAMETER = "corbadoAuthToken"
# 64 characters (contract 1.3); that they are letters and digits alone is INFERRED, so not asked.
FORM = re.compile(r"[!-~]{64}")
# A value this long may be a token that somebody copied badly.
WORTH_MASKING = 32
MASK = "hidden"

PURPOSE_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
LOOKING_AHEAD = {"prefetch", "prerender", "preview"}


def is_top_level_navigation(request: HttpRequest) -> bool:
    """Tell whether a person is on the way here, as far as the browser says.

    A link preview, a prefetch, an image, a frame or a script must not spend the one-time token
    (contract 5.10). Browsers without Fetch Metadata say nothing and are let through.
    """
    for header in PURPOSE_HEADERS:
        words = re.split(r"[\s,;]+", request.headers.get(header, "").lower())
        if LOOKING_AHEAD.intersection(words):
            return False
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    destination = request.headers.get("Sec-Fetch-Dest", "document")
    return mode == "navigate" and destination == "document"


@sensitive_variables("values", "value", "text")
def take_auth_token(request: HttpRequest) -> str | None:
    """Return the one well-formed token and remove every trace of it from the request.

    None for no token, two tokens, or one of another form. Error reports, debug pages and log
    handlers show ``request.GET`` and ``request.META``; the server's own access log is not ours.
    """
    values = request.GET.getlist(PARAMETER)
    if not values:
        return None
    masked = request.GET.copy()
    masked.setlist(PARAMETER, [MASK] * len(values))
    request.GET = masked  # type: ignore[assignment]  # nobody writes to it any more
    request.META["QUERY_STRING"] = masked.urlencode()
    if "query_string" in getattr(request, "scope", {}):
        request.scope["query_string"] = masked.urlencode().encode()  # type: ignore[attr-defined]
    for value in values:
        if len(value) >= WORTH_MASKING:
            _mask_copies(request, value)
    return values[0] if len(values) == 1 and FORM.fullmatch(values[0]) else None


def token_digest(token: str) -> str:
    """Return what a session may keep of a token: enough to know it again, not to use it."""
    return salted_hmac("corbado_auth.auth_token", token, algorithm="sha256").hexdigest()[:32]


@sensitive_variables("secret", "value")
def _mask_copies(request: HttpRequest, secret: str) -> None:
    """Servers keep the request line under names of their own (RAW_URI, REQUEST_URI)."""
    for key, value in request.META.items():
        if isinstance(value, str) and secret in value:
            request.META[key] = value.replace(secret, MASK)
