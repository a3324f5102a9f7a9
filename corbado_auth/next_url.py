"""Where people go after signing in, and where the login page is."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.contrib.auth import REDIRECT_FIELD_NAME, decorators
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import (
    NoReverseMatch,
    ResolverMatch,
    get_script_prefix,
    get_urlconf,
    resolve,
    reverse,
)
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import get_language, get_language_from_path, override

from .conf import conf

__all__ = [
    "asked_next",
    "back_url",
    "connect_confirm_url",
    "first_page",
    "first_url",
    "host_of",
    "is_own_path",
    "language_of",
    "login_page_url",
    "login_required",
    "login_url_back_to",
    "match_of",
    "next_in",
    "next_in_url",
    "paths_have_language",
    "safe_next",
    "step_up_url",
    "view_at",
    "with_next",
    "without_language",
]

# Percent-encoded. By default Gunicorn refuses a request line over 4094 bytes, and nginx an answer
# whose headers are over 4096.
MAX_URL = 4000
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def safe_next(request: HttpRequest, url: str) -> str:
    """Return a URL of this site to go to after sign-in, or an empty string.

    An absolute path or a whole URL: browsers resolve anything else relative to the redirect view.
    """
    if not url.startswith(("/", "http://", "https://")) or url.startswith("//"):
        return ""
    # Browsers read a backslash as a slash and skip control characters.
    if "\\" in url or not url.isprintable():
        return ""
    host = request.get_host()
    # Host and scheme are decided before the query, and Django refuses more than 2048 characters.
    before_query = url.partition("?")[0].partition("#")[0]
    allowed = url_has_allowed_host_and_scheme(
        before_query,
        allowed_hosts={host, host_of(request.scheme or "", host)},
        require_https=request.is_secure(),
    )
    return url if allowed and len(iri_to_uri(url)) <= MAX_URL and not is_own_path(url) else ""


def next_in(values: Mapping[str, str]) -> str:
    """Return the page that a query or a form names to go on to, as it came.

    By the name that the site has for ``next``, else by Django's own: the admin and most other apps
    know no other.
    """
    return values.get(conf.CORBADO_REDIRECT_FIELD_NAME) or values.get(REDIRECT_FIELD_NAME, "")


def next_in_url(request: HttpRequest) -> str:
    """Return the page that the URL of this request names to go on to, if it is this site's."""
    return safe_next(request, next_in(request.GET))


def asked_next(request: HttpRequest) -> str:
    """Return the page that this form or URL names to go on to, if it is one of this site's."""
    return safe_next(request, next_in(request.POST) or next_in(request.GET))


def first_page() -> str:
    """Return the page after a sign-in that names no other: LOGIN_REDIRECT_URL.

    A path needs no lookup among the names of URLs, which fails slowly.
    """
    url: Any = settings.LOGIN_REDIRECT_URL  # Or a lazy string.
    return url if isinstance(url, str) and url.startswith("/") else resolve_url(url)


def back_url(request: HttpRequest) -> str:
    """Return where a page of ours leads back to: ``next``, or the page after a sign-in."""
    return asked_next(request) or first_page()


def with_next(url: str, next_url: str) -> str:
    """Return the URL of a login page, or of a page of ours, with the page to go on to, if any."""
    query = urlencode({conf.CORBADO_REDIRECT_FIELD_NAME: next_url})
    return f"{url}{'&' if '?' in url else '?'}{query}" if next_url else url


def host_of(scheme: str, netloc: str) -> str:
    """Return host and port as browsers write them: in lower case, without the default port."""
    return netloc.lower().removesuffix(DEFAULT_PORTS.get(scheme, ""))


def language_of(path: str) -> str | None:
    """Return the language that a path of this site is in by ``i18n_patterns``, or None."""
    is_used, default_has_prefix = _language_prefixes()
    if not (is_used and path):
        return None
    found = get_language_from_path(_below_script(path))
    return found or (None if default_has_prefix else settings.LANGUAGE_CODE)


def without_language(path: str) -> str:
    """Return a path as it is in every language; the root of a language stays what it is.

    It must not look like the root of the site, to which browsers shorten a long Referer.
    """
    if not paths_have_language():
        return path
    below = _below_script(path)
    if not get_language_from_path(below):
        return path
    _empty, _language, rest = below.split("/", 2)
    return f"{get_script_prefix()}{rest}" if rest else path


def paths_have_language() -> bool:
    """Return whether the site uses ``i18n_patterns``."""
    return _language_prefixes()[0]


def _language_prefixes() -> tuple[bool, bool]:
    """Return whether ``i18n_patterns`` are used, and whether the default language has a prefix."""
    return is_language_prefix_patterns_used(get_urlconf() or settings.ROOT_URLCONF)


def _below_script(path: str) -> str:
    return path.removeprefix(get_script_prefix().removesuffix("/"))


def is_own_path(url: str, *, base: str = "/") -> bool:
    """Return whether a URL leads to a view of ours that accepts a token: never a destination."""
    try:
        path = posixpath.normpath(unquote(urlsplit(urljoin(base, url.replace("\\", "/"))).path))
    except ValueError:
        return False
    path = "/" + path.lstrip("/")  # Proxies merge slashes; normpath() keeps two at the beginning.
    urlconf = get_urlconf() or settings.ROOT_URLCONF
    return path in _own_paths(urlconf, get_script_prefix(), get_language())


@lru_cache(maxsize=64)
def _own_paths(urlconf: Any, script_prefix: str, language: str | None) -> frozenset[str]:
    """Return our paths that accept a token, in every language that the site serves them in.

    Under ``i18n_patterns`` also without the language prefix, from where ``LocaleMiddleware``
    redirects to the prefixed path, query included.
    """
    languages = [language]
    if is_language_prefix_patterns_used(urlconf)[0]:
        languages += [code for code, _name in settings.LANGUAGES]
    paths = set()
    for each in languages:
        with override(each):
            for name in ("redirect", "confirm", "confirm-email"):
                path = reverse(f"corbado_auth:{name}")
                paths.add(path)
                if len(languages) > 1:
                    paths.add(path.replace(f"{script_prefix}{each}/", script_prefix, 1))
    return frozenset(map(posixpath.normpath, paths))


def login_page_url() -> str:
    """Return the URL of the site's login page: LOGIN_URL if the site sets it, else ours."""
    if settings.is_overridden("LOGIN_URL"):  # type: ignore[misc]  # unknown to django-stubs
        try:
            return resolve_url(settings.LOGIN_URL)
        except NoReverseMatch:
            pass
    return reverse("corbado_auth:login")


def login_url_back_to(path: str) -> str:
    """Return the URL of the site's login page, with this path as the destination."""
    return with_next(login_page_url(), path)


def step_up_url(next_url: str) -> str:
    """Return the page that asks a person to sign in again, and goes on to ``next_url``."""
    return with_next(reverse("corbado_auth:step-up"), next_url)


def connect_confirm_url(next_url: str) -> str:
    """Return the page that asks for a passkey of Connect once more, and goes on to ``next_url``."""
    return with_next(reverse("corbado_auth:connect-confirm"), next_url)


def login_required(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Send anonymous visitors to LOGIN_URL, with this page by the name that the site has for it."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        name = conf.CORBADO_REDIRECT_FIELD_NAME
        checked = decorators.login_required(view, redirect_field_name=name)
        return checked(request, *args, **kwargs)

    return wrapped


def first_url(names: Iterable[str]) -> str:
    """Return the URL of the first of these names that resolves, or an empty string."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


def view_at(path: str) -> Callable[..., Any]:
    """Return the view at a path of this site; raises Resolver404 if there is none."""
    return match_of(path).func


def match_of(path: str) -> ResolverMatch:
    """Return what the URLconf has at a path of this site; raises Resolver404 if nothing."""
    return resolve(_below_script(path))
