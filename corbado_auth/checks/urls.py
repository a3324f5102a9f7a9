"""Checks that our URLs are part of the site, and that our own views answer there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import global_settings, settings
from django.core.checks import CheckMessage, Error, Warning
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, reverse

from corbado_auth.conf import conf
from corbado_auth.next_url import match_of
from corbado_auth.sign_in.intent import is_login_page

from . import ids

Messages = Iterator[CheckMessage]

# Not the login page, where a site may have any view of its own.
OURS = ("redirect", "confirm", "confirm-email", "link-account", "passkeys", "action-webhook")


def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """Check that our views answer at our URLs, and that a sign-in leads somewhere."""
    return list(_urls()) if getattr(settings, "ROOT_URLCONF", None) else []


def _urls() -> Messages:
    try:
        ours = reverse("corbado_auth:login")
        reverse("corbado_auth:redirect")
    except NoReverseMatch:
        yield Error(
            "The site does not include the URLs of corbado_auth.",
            hint='Add path("corbado/", include("corbado_auth.urls")) to the urlpatterns of '
            f"{settings.ROOT_URLCONF}, without another namespace.",
            id=ids.URLS_MISSING,
        )
        return
    yield from _taken()
    yield from _leads_nowhere()
    yield from _named_differently()
    # Connect's component may be on any page of the site, which needs no mark.
    if not conf.uses_connect_alone() and not _leads_to_a_login_page(settings.LOGIN_URL):
        yield Warning(
            "LOGIN_URL leads to a page that is not marked as a login page for Corbado.",
            hint=f'Set LOGIN_URL = "corbado_auth:login" (that is {ours}), or put @login_page (from '
            "corbado_auth.decorators) on the view at LOGIN_URL and {% corbado_auth %} into its "
            f"template. If that page only links to {ours}, add "
            f'"{ids.LOGIN_URL_ELSEWHERE}" to SILENCED_SYSTEM_CHECKS.',
            id=ids.LOGIN_URL_ELSEWHERE,
        )


def _leads_to_a_login_page(login_url: Any) -> bool:
    """Return whether LOGIN_URL is a login page; True for another host, which we cannot check."""
    try:
        parts = urlsplit(resolve_url(login_url))
        return bool(parts.netloc) or is_login_page(parts.path)
    except (NoReverseMatch, Resolver404):
        return False


def _taken() -> Messages:
    """Report another view that answers at our URLs, such as a catch-all that comes before ours."""
    paths = [reverse(f"corbado_auth:{name}") for name in OURS]
    taken = [(path, view) for path in paths if (view := _other_view_at(path))]
    if taken:
        path, view = taken[0]
        yield Error(
            f"{path} is answered by {view}, and not by corbado_auth: a pattern before ours takes "
            "it, such as one that catches everything (Wagtail, flat pages, a single-page app).",
            hint=f'In {settings.ROOT_URLCONF}, put path("corbado/", include("corbado_auth.urls")) '
            "before that pattern; for instance at the end of the file: urlpatterns = "
            '[path("corbado/", include("corbado_auth.urls")), *urlpatterns]',
            id=ids.URLS_TAKEN,
        )


def _other_view_at(path: str) -> str:
    """Return the name of the view that answers at one of our paths, or "" if it is ours."""
    try:
        match = match_of(path)
    except Resolver404:
        return "nothing"
    found = getattr(match.func, "view_class", None)
    # A site may have put a subclass in its place.
    bases = inspect.getmro(found) if isinstance(found, type) else ()
    is_ours = any(base.__module__.startswith("corbado_auth.") for base in bases)
    return "" if is_ours else match._func_path


def _leads_nowhere() -> Messages:
    """Report that sign-ins lead to no page of the site: to an unknown name, or Django's default.

    Another path is for the doctor to look at: something other than Django may serve it.
    """
    target = settings.LOGIN_REDIRECT_URL
    try:
        path = resolve_url(target)
    except NoReverseMatch:
        yield Warning(
            f"LOGIN_REDIRECT_URL is {target!r}, which is neither a path nor the name of a URL "
            "pattern: every sign-in ends with an error.",
            hint='Set LOGIN_REDIRECT_URL = "/", or to the page that people should see first.',
            id=ids.NO_PAGE_AFTER_SIGN_IN,
        )
        return
    if target != global_settings.LOGIN_REDIRECT_URL:
        return
    try:
        match = match_of(path)
    except Resolver404:
        match = None
    # A pattern with parameters catches other things, and most likely not this one.
    if match is None or match.args or match.kwargs:
        yield Warning(
            f"People who sign in land on {target} (Django's default for "
            "LOGIN_REDIRECT_URL), where this site has no page.",
            hint='Set LOGIN_REDIRECT_URL = "/", or to the page that people should see first.',
            id=ids.NO_PAGE_AFTER_SIGN_IN,
        )


def _named_differently() -> Messages:
    """Report a login page whose name for ``next`` is not the one in our setting."""
    try:
        view: Any = match_of(urlsplit(resolve_url(settings.LOGIN_URL)).path).func
    except (NoReverseMatch, Resolver404):
        return
    on_class = getattr(getattr(view, "view_class", None), "redirect_field_name", None)
    name = getattr(view, "view_initkwargs", {}).get("redirect_field_name", on_class)
    # Our own views read the setting.
    if isinstance(name, str) and name != conf.CORBADO_REDIRECT_FIELD_NAME:
        yield Warning(
            f"The login page expects the destination as {name!r}, and corbado_auth as "
            f"{conf.CORBADO_REDIRECT_FIELD_NAME!r}: people do not get to the page they wanted.",
            hint=f"Set CORBADO_REDIRECT_FIELD_NAME = {name!r}.",
            id=ids.NEXT_NAMED_DIFFERENTLY,
        )
