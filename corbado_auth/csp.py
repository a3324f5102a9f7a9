"""What a Content-Security-Policy has to allow for our pages to work.

A settings module hands over its own names, since Django's settings are not there yet::

    from corbado_auth import csp

    SECURE_CSP = csp.allow(
        {"default-src": [CSP.SELF], "script-src": [CSP.SELF, CSP.NONCE]}, globals()
    )
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders

from .conf import conf, settings_from
from .projects import as_plain_settings, each_project

__all__ = ["allow", "sources"]

HEADER = "Content-Security-Policy"
SELF, UNSAFE_INLINE = "'self'", "'unsafe-inline'"


def sources(settings: Mapping[str, Any] | None = None) -> dict[str, list[str]]:
    """Return which sources our pages need, by directive, besides the site's own scripts and styles.

    That Corbado's components need inline styles is observed for Connect (API notes C.2.5), and
    INFERRED for the older one.
    """
    scripts: list[str] = []
    apis: list[str] = []
    styles = [UNSAFE_INLINE]
    for project in _projects(settings):
        with project:
            _collect(scripts, apis, styles)
    # A path has no origin: a script there is the site's own.
    found = {"script-src": scripts, "connect-src": apis, "style-src": styles}
    return {name: list(dict.fromkeys(each or SELF for each in found[name])) for name in found}


def _projects(settings: Mapping[str, Any] | None) -> list[AbstractContextManager[None]]:
    """Return what to enter for each project of the site; one policy allows them all."""
    if settings is None:
        return each_project()
    return [settings_from(each) for each in as_plain_settings(settings)]


def _collect(scripts: list[str], apis: list[str], styles: list[str]) -> None:
    if not conf.uses_connect_alone():
        scripts.append(_origin(conf.CORBADO_FRONTEND_API_URL))
        apis.append(_origin(conf.CORBADO_FRONTEND_API_URL))
    if conf.CORBADO_CONNECT:
        scripts.append(_origin(conf.CORBADO_CONNECT_SCRIPT_URL))
        apis += [SELF, _origin(conf.connect_frontend_api_url())]
        if conf.CORBADO_CONNECT_STYLE_URL:
            styles.append(_origin(conf.CORBADO_CONNECT_STYLE_URL))


def allow(policy: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a policy with what our pages need added, for SECURE_CSP or django-csp's DIRECTIVES.

    A new directive starts with what ``default-src`` allows, since browsers then ignore
    ``default-src`` for it. ``settings`` is ``globals()`` in a settings module; without it, the
    site's settings are read.
    """
    allowed = dict(policy)
    for directive, needed in sources(settings).items():
        if directive in policy or "default-src" in policy:
            present = policy.get(directive, policy.get("default-src"))
            allowed[directive] = _with(present, needed)
        for special in (f"{directive}-elem", f"{directive}-attr"):
            if special in policy:
                allowed[special] = _with(policy[special], needed)
    return allowed


def add_policy(response: HttpResponse, policy: str) -> HttpResponse:
    """Add a policy to the site's own, which a middleware sets after the view.

    A browser obeys every policy of a header, so ours can only forbid more.
    """
    response.headers = _WithPolicy(response.headers, policy)
    return response


class _WithPolicy(ResponseHeaders):
    """Headers that keep our Content-Security-Policy, no matter who sets another, or how often."""

    def __init__(self, headers: ResponseHeaders, policy: str) -> None:
        super().__init__({})
        self._policy = policy
        self._is_site_policy_there = False
        super().__setitem__(HEADER, policy)
        for name, value in headers.items():
            self[name] = value

    def __contains__(self, name: object) -> bool:
        # Django's middleware, django-csp's and setdefault() set it only where there is none.
        if isinstance(name, str) and name.lower() == HEADER.lower():
            return self._is_site_policy_there
        return super().__contains__(name)

    def __setitem__(self, name: str, value: str | bytes | int) -> None:
        if name.lower() == HEADER.lower():
            self._is_site_policy_there = True
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            value = f"{text}, {self._policy}"
        super().__setitem__(name, value)


def nonce_for(context: Any, request: HttpRequest | None) -> str:
    """Return the page's nonce, or an empty string.

    It is lazy, and false until it is used for the first time. Django's is there without its context
    processor, too.
    """
    nonce = context.get("csp_nonce")
    if nonce is None:
        nonce = getattr(request, "csp_nonce", None)
    if nonce is None:
        # What django.middleware.csp.get_nonce() returns; Django 5.2 has no such module.
        nonce = getattr(request, "_csp_nonce", None)
    return "" if nonce is None else str(nonce)


def _with(value: Any, needed: list[str]) -> list[Any]:
    # 'none' has to stand alone.
    kept = [each for each in values_of(value) if each != "'none'"]
    return [*kept, *(source for source in needed if source not in kept)]


def values_of(value: Any) -> list[Any]:
    """Read a directive's value: a string, several of them, or True for one without a value."""
    if isinstance(value, str):
        return value.split()
    return list(value) if isinstance(value, Iterable) else []


def _origin(url: str) -> str:
    """Return scheme, host and port of a URL, or an empty string for a path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ImproperlyConfigured("A URL of Corbado's in the settings cannot be read.") from None
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
