"""The intent: where to go next, and half of the proof that this browser asked to sign in.

Corbado's redirect has no ``state``, so a token alone proves nothing about the browser that presents
it: anyone can send a victim a link with a token of their own (login CSRF). No single sign is
enough, so a silent sign-in needs all of them; ``was_asked_for`` says why for each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import get_random_string
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

from corbado_auth.events import log_event
from corbado_auth.http import is_asynchronous
from corbado_auth.next_url import (
    host_of,
    is_own_path,
    language_of,
    next_in,
    next_in_url,
    paths_have_language,
    safe_next,
    view_at,
    without_language,
)
from corbado_auth.session import rotate_key
from corbado_auth.switch import is_enabled
from corbado_auth.telemetry import LINK_PARAMETERS, take_off

from .fragments import answer_fragment
from .signed_cookies import SignedCookie, TooLargeError

__all__ = ["Intent", "is_login_page", "language_to_answer_in", "login_page"]


# Percent-encoded: it fits into the cookie, whatever characters it contains.
MAX_PAGE = 1400
TWELVE_HOURS = 12 * 60 * 60
# Browsers reduce a Referer over 4096 characters to its origin (Referrer Policy, section 8.3).
MAX_QUERY_OF_ROOT = 3000

cookie = SignedCookie("corbado_auth_intent", max_age=TWELVE_HOURS)

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Intent:
    """A record that this browser opened a login page: the page's path, and where to go next."""

    page: str
    next: str = ""
    # Random: unique to this visit.
    id: str = field(default="", compare=False)

    @classmethod
    def from_request(cls, request: HttpRequest) -> Intent | None:
        """Return the intent from the browser's cookie, or None."""
        value = cookie.read(request)
        if value is None:
            return None
        parts = [value.get(name) for name in ("page", "next", "id")]
        texts = [part for part in parts if isinstance(part, str)]
        return cls(*texts) if len(texts) == len(parts) else None

    def next_for(self, request: HttpRequest, referer: SplitResult) -> str:
        """Return where to go next; with two tabs, as said by the page that the person came from."""
        own = next_in(dict(_query(referer) or ()))
        return safe_next(request, own) or safe_next(request, self.next)


def was_asked_for(
    request: HttpRequest, intent: Intent | None, login_pages: Collection[str] = ()
) -> bool:
    """Return whether this browser, with this intent, asked for this sign-in from our login page.

    ``login_pages`` are pages on other origins (``https://www.example.com/login/``) that may also be
    the Referer.
    """
    referer = referer_of(request)
    query = _query(referer)
    if intent is None or query is None:
        return False
    # The attacker's own magic link, opened by the victim: the component redeems it on our page.
    if any(name in LINK_PARAMETERS for name, _value in query):
        return False
    # A password form on the page goes on to any ``next`` on this site, even the redirect view with
    # a token that the sender of the link to this page put there.
    if any(is_own_path(value, base=referer.path) for _name, value in query):
        return False
    site = request.META.get("HTTP_SEC_FETCH_SITE")
    if not _is_here(referer, request):
        # By browsers' default policy, another origin's Referer has no path and no query, and then
        # nothing says which page it was.
        is_whole = referer.path not in {"", "/"} or bool(referer.query)
        is_listed = _page(referer) in {_page(urlsplit(page)) for page in login_pages}
        return is_whole and is_listed and site != "none"
    if request.is_secure() and referer.scheme != "https":
        # A page on plain http may have been changed on the network.
        return False
    # Any other site can open our login page first, so the intent is not enough; plain http outside
    # localhost sends no Sec-Fetch header; a link in a comment on our own site is same-origin.
    # In two tabs, it may be open in two languages.
    page = without_language(unquote(referer.path))
    return site in {None, "same-origin"} and page == without_language(intent.page)


def language_to_answer_in(request: HttpRequest, intent: Intent | None) -> str | None:
    """Return the language of the login page that the person comes from, if its path says it.

    The Redirect URL is one URL, and so in one language of ``i18n_patterns``.
    """
    if not paths_have_language():
        return None
    referer = referer_of(request)
    path = referer.path if _is_here(referer, request) else ""
    return language_of(unquote(path)) or (language_of(intent.page) if intent else None)


def _is_here(url: SplitResult, request: HttpRequest) -> bool:
    """Return whether a URL is of the host that the request came to."""
    here = host_of(request.scheme or "", request.get_host())
    return host_of(url.scheme, url.netloc) == here


def _page(url: SplitResult) -> tuple[str, str, str]:
    """Return what has to be equal; the path as it travels: only its own server may decode %2F."""
    return url.scheme, host_of(url.scheme, url.netloc), iri_to_uri(url.path)


def referer_of(request: HttpRequest) -> SplitResult:
    """Return the Referer, split; with empty parts if there is none or it is malformed."""
    try:
        return urlsplit(str(request.META.get("HTTP_REFERER", "")))
    except ValueError:
        return urlsplit("")


def is_login_page(path: str) -> bool:
    """Return whether the view at a path of this site is decorated with ``login_page``.

    A decorator that does not copy attributes hides the mark. Raises Resolver404 if there is no
    view.
    """
    return getattr(view_at(path), "corbado_login_page", False)


def login_page(view: View) -> View:
    """Make a view a login page, which may contain ``{% corbado_auth %}``.

    Its responses set the intent (``next`` from the query), are never cached, and make the browser
    send a full Referer to the redirect view, whatever the site's policy is. A magic link's
    parameters are hidden once the view has run, and from error reports. A signed-in session gets a
    new key before a form is handled, so that a sign-in with a password counts as recent.
    A script that wanted part of another page is answered as its library expects (htmx, Turbo,
    ``fetch()``).
    """
    if is_asynchronous(view):

        @wraps(view)
        async def wrapped_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            request.corbado_login_page = True  # type: ignore[attr-defined]
            is_on = await sync_to_async(is_enabled)(request)
            if request.method == "POST":
                await sync_to_async(rotate_key)(request)
            try:
                fragment = answer_fragment(request)
                if fragment is not None:
                    return fragment
                response = await view(request, *args, **kwargs)
                return _remember(request, response) if is_on else response
            finally:
                take_off(request)

        wrapped_async.corbado_login_page = True  # type: ignore[attr-defined]
        return cast("View", wrapped_async)

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        request.corbado_login_page = True  # type: ignore[attr-defined]
        is_on = is_enabled(request)
        if request.method == "POST":
            rotate_key(request)
        try:
            fragment = answer_fragment(request)
            if fragment is not None:
                return fragment
            response = view(request, *args, **kwargs)
            return _remember(request, response) if is_on else response
        finally:
            take_off(request)

    wrapped.corbado_login_page = True  # type: ignore[attr-defined]
    return cast("View", wrapped)


def _remember(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code != 200:
        return response
    if request.path == "/" and len(request.META.get("QUERY_STRING", "")) > MAX_QUERY_OF_ROOT:
        # Padded by an attacker: reduced to the origin, the Referer would look like this page's own,
        # without the parameters that reveal a link. Only a login page at the root is at risk.
        return HttpResponse(
            _("This address is too long. Please open the sign-in page without the rest of it."),
            status=414,
            content_type="text/plain",
        )
    asked = next_in_url(request)
    earlier = Intent.from_request(request)
    next_url = asked or (safe_next(request, earlier.next) if earlier else "")
    page = request.path if len(iri_to_uri(request.path)) <= MAX_PAGE else ""
    value = {"page": page, "next": next_url, "id": get_random_string(12)}
    try:
        cookie.write(response, value)
    except TooLargeError:
        # The Referer may still have it.
        log_event(
            logging.WARNING,
            "A next of %d characters does not fit into a cookie",
            len(next_url),
            event="next_dropped",
            reason="too_long",
        )
        cookie.write(response, {**value, "next": ""})
    add_never_cache_headers(response)
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _query(referer: SplitResult) -> list[tuple[str, str]] | None:
    """Parse the Referer's query; return None if it is too long to be ours."""
    try:
        return parse_qsl(referer.query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
