"""Where a person goes after signing in, and where the login page is."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_script_prefix, resolve, reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

__all__ = ["is_own_path", "login_page_url", "safe_next", "view_at"]

# Two of them fit into one cookie, whatever characters they have (in ASCII, percent-encoded).
MAX_URL = 1400


def safe_next(request: HttpRequest, url: str) -> str:
    """Return a URL of this site to go to after sign-in, or an empty string.

    A path from the root or a whole URL: a browser reads others relative to the redirect view.
    """
    if not url.startswith(("/", "http://", "https://")) or url.startswith("//"):
        return ""
    # Browsers read a backslash as a slash and skip control characters.
    if "\\" in url or not url.isprintable():
        return ""
    allowed = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if allowed and len(iri_to_uri(url)) <= MAX_URL and not is_own_path(url) else ""


def is_own_path(url: str, *, base: str = "/") -> bool:
    """Tell whether a URL leads to the redirect view or the confirm page: no place to go to."""
    try:
        path = posixpath.normpath(unquote(urlsplit(urljoin(base, url.replace("\\", "/"))).path))
    except ValueError:
        return False
    ours = (reverse("corbado_auth:redirect"), reverse("corbado_auth:confirm"))
    return path in map(posixpath.normpath, ours)


def login_page_url() -> str:
    """Return the site's login page: LOGIN_URL where the site sets it, else ours."""
    if settings.is_overridden("LOGIN_URL"):  # type: ignore[misc]  # unknown to django-stubs
        try:
            return resolve_url(settings.LOGIN_URL)
        except NoReverseMatch:
            pass
    return reverse("corbado_auth:login")


def view_at(path: str) -> Callable[..., Any]:
    """Return the view at a path of this site; raises Resolver404 where none is."""
    return resolve(path.removeprefix(get_script_prefix().removesuffix("/"))).func
