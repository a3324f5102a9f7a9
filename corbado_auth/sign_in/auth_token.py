"""The auth token on the Redirect URL: taken off the request before anything can log it."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from copy import copy
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.utils.crypto import salted_hmac

__all__ = [
    "LINK_PARAMETERS",
    "AuthToken",
    "is_in_url",
    "mask_link_tokens",
    "is_top_level_navigation",
    "pop_auth_token",
    "token_digest",
]

PARAMETER = "corbadoAuthToken"
# What a magic link brings to the login page, where Corbado's component redeems it (API notes 4.4).
LINK_PARAMETERS = frozenset({"corbadoEmailLinkID", "corbadoToken", "corbadoLoginToken"})
# 64 characters (API notes 1.3); that they are letters and digits alone is INFERRED, so not asked.
FORM = re.compile(r"[!-~]{64}")
# A value this long may be a token that somebody copied badly.
WORTH_MASKING = 32
MASK = "hidden"
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
    """Tell whether a person is on the way here, as far as the browser says.

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
    """Return the one well-formed token and remove every trace of it from the request.

    None for no token, two tokens, or one of another form. Error reports, debug pages and log
    handlers show ``request.GET`` and ``request.META``; the server's own access log is not ours.
    """
    values = _hide(request, {PARAMETER})
    mask_link_tokens(request)
    if len(values) != 1 or not FORM.fullmatch(values[0]):
        return None
    return values[0]


def mask_link_tokens(request: HttpRequest) -> None:
    """Remove what a magic link brought from the request: the server has no use for it.

    It is in the query of the login page, and in the Referer of what comes after. The names stay:
    they tell that the page was opened by a link.
    """
    _hide(request, LINK_PARAMETERS)
    try:
        referer = urlsplit(request.META.get("HTTP_REFERER", ""))
        query = parse_qsl(referer.query, keep_blank_values=True)
    except ValueError:
        return
    secret = {PARAMETER, *LINK_PARAMETERS}
    if secret.intersection(name for name, _value in query):
        masked = urlencode([(name, MASK if name in secret else value) for name, value in query])
        request.META["HTTP_REFERER"] = urlunsplit(referer._replace(query=masked))


def is_in_url(token: str, url: str) -> bool:
    """Tell whether a URL has the token in it, in parameters of parameters, too."""
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


def _hide(request: HttpRequest, names: AbstractSet[str]) -> list[AuthToken]:
    """Mask parameters of the query wherever the request has it; return what they held."""
    given = _query(request)
    secrets = [AuthToken(value) for name in names for value in given.getlist(name)]
    if not secrets:
        return []
    masked = copy(given)
    for name in names & given.keys():
        masked.setlist(name, [MASK] * len(given.getlist(name)))
    request.GET = masked  # type: ignore[assignment]  # nobody writes to it any more
    query = AuthToken(request.META["QUERY_STRING"])
    request.META["QUERY_STRING"] = masked.urlencode()
    if "query_string" in getattr(request, "scope", {}):
        request.scope["query_string"] = masked.urlencode().encode()  # type: ignore[attr-defined]
    # Servers keep the request line under names of their own (RAW_URI, REQUEST_URI).
    _mask_copies(request, [query, *(secret for secret in secrets if len(secret) >= WORTH_MASKING)])
    return secrets


def _query(request: HttpRequest) -> QueryDict:
    try:
        return request.GET
    except TooManyFieldsSent:
        # Django's 400 would be logged with the request; ours says what is wrong.
        request.META["QUERY_STRING"] = MASK
        request.GET = QueryDict()
        return request.GET


def _mask_copies(request: HttpRequest, secrets: Collection[str]) -> None:
    for key, value in request.META.items():
        if isinstance(value, str):
            for secret in secrets:
                if secret and secret in value:
                    request.META[key] = value = value.replace(secret, MASK)
