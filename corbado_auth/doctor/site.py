"""The site's own settings: host name, proxies, cookies, first page, and Django's checks."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import global_settings, settings
from django.core.checks import ERROR, WARNING, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404
from django.utils.translation import override

from corbado_auth.conf import conf
from corbado_auth.next_url import match_of

from .finding import Finding, ok, warning, wrong
from .places import Place

__all__ = ["examine_checks", "examine_site"]

HOST = "Host name"
PROXIES = "Proxies"
COOKIES = "Cookies"
FIRST_PAGE = "After sign-in"
CHECKS = "Checks"
# What Django allows if DEBUG is on and ALLOWED_HOSTS is empty.
LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


def examine_site(site: Place | None) -> Iterator[Finding]:
    """Examine the settings that depend on where browsers reach the site (None: unknown)."""
    if site:
        yield _host_name(site)
    yield _proxies(site)
    yield _cookies(site)
    yield from _first_page()


def examine_checks() -> Iterator[Finding]:
    """Run what ``manage.py check`` runs for this app; ``--deploy`` as well, unless DEBUG is on."""
    silent = True
    for message in run_checks(tags=["corbado_auth"], include_deployment_checks=not settings.DEBUG):
        # Infos ask what other findings answer.
        if message.level >= WARNING and not message.is_silenced():
            silent = False
            found = wrong if message.level >= ERROR else warning
            yield found(CHECKS, f"{message.msg} ({message.id})", message.hint or "")
    if silent:
        yield ok(CHECKS, "manage.py check reports nothing about corbado_auth.")


def _host_name(site: Place) -> Finding:
    allowed = settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])
    host = f"[{site.host}]" if ":" in site.host else site.host
    if validate_host(host, allowed):
        return ok(HOST, f"{host} is in ALLOWED_HOSTS.")
    return wrong(HOST, f"{host} is not in ALLOWED_HOSTS.", f'Add "{host}" to ALLOWED_HOSTS.')


def _proxies(site: Place | None) -> Finding:
    try:
        proxies = conf.CORBADO_TRUSTED_PROXIES
    except ImproperlyConfigured as error:
        return wrong(PROXIES, str(error), "See the checks below.")
    if proxies is None and not settings.DEBUG:
        return warning(
            PROXIES,
            "X-Forwarded-For is trusted from anyone, so visitors choose the address that Corbado "
            "is told.",
            "Set CORBADO_TRUSTED_PROXIES to the addresses of your proxies, or to [] if there is "
            "none.",
        )
    if proxies and site and site.scheme == "https" and settings.SECURE_PROXY_SSL_HEADER is None:
        return warning(
            PROXIES,
            "Browsers use https, but the proxy does not tell Django: it may refuse forms (CSRF).",
            "If the proxy ends TLS and sets the header itself, set SECURE_PROXY_SSL_HEADER = "
            '("HTTP_X_FORWARDED_PROTO", "https").',
        )
    if proxies:
        return ok(PROXIES, f"X-Forwarded-For is trusted from {', '.join(map(str, proxies))}.")
    trusted = "never trusted" if proxies is not None else "trusted from anyone (DEBUG is on)"
    return ok(PROXIES, f"X-Forwarded-For is {trusted}.")


def _first_page() -> Iterator[Finding]:
    """Report that a sign-in without a destination of its own leads to no page of this site."""
    target = settings.LOGIN_REDIRECT_URL
    if target == global_settings.LOGIN_REDIRECT_URL:
        return  # The check says more.
    try:
        # Without a request no language is active, and a pattern's prefix depends on it.
        with override(settings.LANGUAGE_CODE):
            parts = urlsplit(resolve_url(target))
            is_there = bool(parts.netloc) or _has_page(parts.path)
    except NoReverseMatch:
        return  # The check says so, too.
    if not is_there:
        yield warning(
            FIRST_PAGE,
            f"People who sign in land on {parts.path} (LOGIN_REDIRECT_URL), where this site has no "
            "page.",
            "Set LOGIN_REDIRECT_URL to the page that people should see first. If something else "
            "than Django answers there, all is well.",
        )


def _has_page(path: str) -> bool:
    """Return whether a path leads to a page, perhaps by way of a redirect of Django's."""
    slashed = f"{path}/" if settings.APPEND_SLASH and not path.endswith("/") else path
    for each in (path, slashed, f"/{settings.LANGUAGE_CODE}{path}"):
        try:
            match_of(each)
        except Resolver404:
            continue
        return True
    return False


def _cookies(site: Place | None) -> Finding:
    same_site, secure = settings.SESSION_COOKIE_SAMESITE, settings.SESSION_COOKIE_SECURE
    if str(same_site).lower() == "none" and not secure:
        return wrong(
            COOKIES,
            'Browsers drop a cookie with SameSite "None" that is not Secure, so nobody stays '
            "signed in.",
            'Set SESSION_COOKIE_SAMESITE = "Lax", or SESSION_COOKIE_SECURE = True on https.',
        )
    if site and site.is_exposed and secure:
        return wrong(
            COOKIES,
            f"SESSION_COOKIE_SECURE is on, but browsers reach {site.origin} without TLS: they "
            "never send the cookie back.",
            "Serve the site over https.",
        )
    insecure = [
        name
        for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
        if not getattr(settings, name)
    ]
    if site and site.scheme == "https" and insecure:
        return warning(
            COOKIES,
            "The site is on https, but its cookies may be sent without it.",
            f"Set {' and '.join(f'{name} = True' for name in insecure)}.",
        )
    if not settings.SESSION_COOKIE_HTTPONLY:
        return warning(
            COOKIES, "Scripts can read the session cookie.", "Set SESSION_COOKIE_HTTPONLY = True."
        )
    flags = f"SameSite {same_site}, {'Secure' if secure else 'not Secure (no https)'}"
    return ok(COOKIES, f"Session cookie: HttpOnly, {flags}.")
