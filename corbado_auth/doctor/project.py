"""The project's configuration at Corbado, compared with what this site needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, Resolver404, reverse

from corbado_auth.conf import conf
from corbado_auth.corbado_api import urls
from corbado_auth.identity import ProjectConfig
from corbado_auth.new_users import needs_confirmed_address
from corbado_auth.next_url import login_page_url, view_at
from corbado_auth.sign_in.intent import is_login_page

from .finding import Finding, ok, warning, wrong
from .places import Place

__all__ = ["examine_project"]

REDIRECT = "Redirect URL"
APPLICATION = "Application URL"
WEBHOOK = "Webhook URL"
FRONTEND = "Frontend API"
RELYING_PARTY = "Passkey domain"
DOUBLE_OPT_IN = "Double opt-in"


def examine_project(config: ProjectConfig, site: Place | None) -> Iterator[Finding]:
    """Compare each URL on file; ``site`` is where browsers reach the site, or None if unknown."""
    ours = _path("redirect")
    if ours is None:
        yield wrong(
            REDIRECT, "The site has no URL for our views.", "Include them: see the checks below."
        )
        return
    yield _redirect_url(Place.of(config.redirect_url), ours, site)
    yield _application_url(Place.of(config.application_url), site)
    yield _webhook_url(config.webhook_url, _path("action-webhook"), site)
    yield _frontend_api(config.frontend_api_url)
    yield _relying_party(config.relying_party_id, site or Place.of(config.application_url))
    yield _double_opt_in(config.double_opt_in)


def _redirect_url(theirs: Place | None, ours: str, site: Place | None) -> Finding:
    should_be = f"{site.origin if site else 'https://…'}{ours}"
    if theirs is None:
        return wrong(
            REDIRECT, "Corbado has none, so nobody gets back to the site.", _set(should_be)
        )
    if theirs.path != ours or (site and theirs.origin != site.origin):
        return wrong(REDIRECT, f"Corbado has {theirs}, our view is at {should_be}", _set(should_be))
    if theirs.is_exposed:
        return wrong(
            REDIRECT,
            f"{theirs} is not encrypted: an eavesdropper gets the auth token first.",
            _set(f"https://{theirs.host}{ours}"),
        )
    return _as_far_as_known(REDIRECT, theirs, site)


def _application_url(theirs: Place | None, site: Place | None) -> Finding:
    """Compare the application URL: magic links lead there, so it must have the component."""
    login_page = login_page_url()
    should_be = str(Place.of(login_page) or f"{site.origin if site else 'https://…'}{login_page}")
    if theirs is None:
        return wrong(APPLICATION, "Corbado has none, so magic links lead nowhere.", _set(should_be))
    if site and theirs.origin != site.origin:
        if theirs in map(Place.of, _login_pages()):
            return ok(APPLICATION, f"{theirs}, which is in the login_pages of our view.")
        return wrong(
            APPLICATION,
            f"Corbado has {theirs}, not on {site.origin}: magic links open another site.",
            f"{_set(should_be)} (or, if that page is yours, too, add {theirs} to login_pages in a "
            "subclass of CorbadoRedirectView)",
        )
    try:
        marked = is_login_page(theirs.path)
    except Resolver404:
        return wrong(
            APPLICATION,
            f"Corbado has {theirs}, and this site has no such page: magic links end in a 404.",
            _set(should_be),
        )
    if not marked:
        return warning(
            APPLICATION,
            f"Corbado has {theirs}, a page that is not marked as a login page.",
            f"{_set(should_be)} (or put @login_page on that view and {{% corbado_auth %}} into its "
            "template)",
        )
    return _as_far_as_known(APPLICATION, theirs, site)


def _webhook_url(url: str, ours: str | None, site: Place | None) -> Finding:
    try:
        has_credentials = bool(conf.CORBADO_WEBHOOK_SECRETS)
    except ImproperlyConfigured as error:
        return wrong(WEBHOOK, str(error), "See the checks below.")
    should_be = f"{site.origin if site else 'https://…'}{ours}"
    if not url:
        if has_credentials:
            return warning(
                WEBHOOK,
                "CORBADO_WEBHOOK_SECRETS is set, but Corbado calls no webhook.",
                f"{_set(should_be)} (or, without webhooks, delete the setting)",
            )
        return ok(WEBHOOK, "None here or at Corbado: webhooks are not used.")
    theirs = Place.of(url)
    if theirs is None or theirs.path != ours or (site and theirs.origin != site.origin):
        return (wrong if has_credentials else warning)(
            WEBHOOK,
            f"Corbado calls {theirs or 'an invalid URL'}, our view is at {should_be}",
            _set(should_be),
        )
    if not has_credentials:
        return wrong(
            WEBHOOK,
            f"Corbado calls {theirs}, which answers 404: it has no credentials.",
            'Set CORBADO_WEBHOOK_SECRETS = ["user:password"] as in Corbado\'s panel.',
        )
    if theirs.is_exposed:
        return wrong(
            WEBHOOK,
            f"{theirs} is not encrypted: passwords are sent in clear text.",
            _set(f"https://{theirs.host}{ours}"),
        )
    return _as_far_as_known(WEBHOOK, theirs, site)


def _frontend_api(url: str) -> Finding:
    """Compare hosts: Corbado renamed them in 2024, and a project may have a CNAME."""
    ours = Place.of(conf.CORBADO_FRONTEND_API_URL)
    # Also accepts a bare host name: which of the two Corbado sends is INFERRED.
    theirs = Place.of(url if "://" in url else f"https://{url}")
    if ours is None:
        return wrong(FRONTEND, "CORBADO_FRONTEND_API_URL is not a URL.", "See the checks below.")
    if not url or theirs is None:
        return warning(
            FRONTEND, f"Corbado has none on file to compare with {ours.origin}.", _open(ours)
        )
    if theirs.origin == ours.origin:
        return ok(FRONTEND, f"{ours.origin}, here and at Corbado.")
    if ours.is_loopback and theirs.is_loopback and ours.port == theirs.port:
        return ok(FRONTEND, f"{ours.origin}, on this machine.")
    fact = f"The site uses {ours.origin}, Corbado has {theirs.origin}"
    advice = f'Set CORBADO_FRONTEND_API_URL = "{theirs.origin}"'
    if urls.newer_host(ours.host) == urls.newer_host(theirs.host):
        return warning(FRONTEND, f"{fact}: the old and the new name of the same host.", advice)
    return wrong(FRONTEND, fact, advice)


def _relying_party(domain: str, site: Place | None) -> Finding:
    """Compare the domain of the passkeys, on which and below which browsers offer them.

    WebAuthn level 2, section 5.1.3.
    """
    if not (domain and site):
        return warning(
            RELYING_PARTY,
            "Not compared: Corbado has no relying party ID on file, or the site is unknown.",
            "Look it up in Corbado's panel: it must be the domain of the login page.",
        )
    if site.host == domain or site.host.endswith(f".{domain}"):
        return ok(RELYING_PARTY, f"{domain}, which fits {site.host}.")
    return wrong(
        RELYING_PARTY,
        f"Passkeys belong to {domain}, and browsers refuse them on {site.host}.",
        f"Set the relying party ID to {site.host} in Corbado's panel before anyone has a passkey: "
        "existing ones of another domain will be lost.",
    )


def _double_opt_in(is_on: bool | None) -> Finding:
    """Report whether it is on; what it does is INFERRED from its name (API notes 4.6 a)."""
    if is_on:
        return ok(
            DOUBLE_OPT_IN,
            "On: a passkey waits at Corbado until its owner has confirmed the address.",
        )
    if is_on is None:
        return warning(
            DOUBLE_OPT_IN,
            "Corbado does not say whether it is on.",
            "Ask Corbado. Without it, people who sign up with a passkey have confirmed no address.",
        )
    fact = "Off: people who sign up with a passkey arrive with an address that nobody has confirmed"
    if needs_confirmed_address():
        return warning(
            DOUBLE_OPT_IN,
            f"{fact}, and have to confirm it before they get an account (the address is the user "
            "name here).",
            "Have it switched on at Corbado (doubleOptIn), or leave it: a page of this site then "
            "has the link emailed.",
        )
    return ok(DOUBLE_OPT_IN, f"{fact}.")


def _as_far_as_known(subject: str, theirs: Place, site: Place | None) -> Finding:
    if site:
        return ok(subject, f"{theirs}, as it should be.")
    return warning(
        subject,
        f"{theirs}: the path is right, the origin could not be compared.",
        f"Say where browsers reach the site: --origin {theirs.origin}",
    )


def _login_pages() -> Collection[str]:
    """Return ``login_pages`` of the site's redirect view, set in the class or in ``as_view()``."""
    view: Any = view_at(reverse("corbado_auth:redirect"))
    by_class = getattr(getattr(view, "view_class", view), "login_pages", ())
    policy: dict[str, Any] = {"login_pages": by_class, **getattr(view, "view_initkwargs", {})}
    return tuple(policy["login_pages"])


def _path(name: str) -> str | None:
    try:
        return reverse(f"corbado_auth:{name}")
    except NoReverseMatch:
        return None


def _set(url: str) -> str:
    return f"In Corbado's panel, set it to {url}"


def _open(place: Place) -> str:
    return f"Open {place.origin}/auth.js in a browser: it should show a script."
