"""Findings about Corbado Connect."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured

from corbado_auth.conf import conf
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.exceptions import CorbadoError, CorbadoRejected

from .finding import Finding, ok, warning, wrong
from .places import Place

__all__ = ["examine_connect"]

CONNECT = "Connect"
SCRIPT = "Connect script"
TYPED = "Typed names"
EVENTS = "Events"
SWITCHES = "Connect project"
# What a switch at Corbado does to a site with this app.
EFFECTS = {
    "loginKillSwitchActive": "Signing in with a passkey is switched off.",
    "appendKillSwitchActive": "Adding a passkey is switched off.",
    "manageKillSwitchActive": "The list of passkeys is switched off.",
    "requireWhitelistedIdentifier": "Only people on a list at Corbado can use a passkey.",
    "requireConnectLoginToken": "Corbado wants a token of a person who is signed in already, so "
    "nobody can sign in.",
    "immediatePostLogin": "If there is a post-login action, pages get its result in place of "
    "signedPasskeyData, and nobody can sign in.",
    "cookieDomain": "Corbado may set signedPasskeyData as a cookie, which our script does not get.",
}
NEEDED_EVENTS = frozenset({"user.updated", "user.deleted", "passkey.created", "passkey.deleted"})


def examine_connect(site: Place | None) -> Iterator[Finding]:
    """Try the credentials, and list what only a browser or a person can check."""
    yield _credentials()
    yield from _switches()
    yield _script()
    yield _typed_names(site)
    yield from _events(site)


def _credentials() -> Finding:
    how = "the backend API key" if conf.CORBADO_BACKEND_API_KEY else "project ID and API secret"
    try:
        ConnectService().try_credentials()
    except CorbadoRejected as error:
        return wrong(
            CONNECT,
            f"Corbado rejects {how} for Connect: {error}",
            "Copy them from the panel of your Connect project. A key needs the permissions "
            "passkeys:verify and connect_tokens:write.",
        )
    except (CorbadoError, ImproperlyConfigured) as error:
        return wrong(CONNECT, str(error), "Connect cannot be called: see the checks below.")
    return ok(CONNECT, f"Corbado accepts {how} ({conf.CORBADO_CONNECT_PROJECT_ID}).")


def _switches() -> Iterator[Finding]:
    """Report which of the project's switches at Corbado are on."""
    try:
        on = ConnectService().list_switches()
    except (CorbadoError, ImproperlyConfigured):
        yield ok(SWITCHES, "Corbado does not say how its switches are set: see its panel.")
        return
    if not on:
        yield ok(SWITCHES, "None of its switches stands in the way.")
    for name in EFFECTS:
        if name in on:
            yield warning(
                SWITCHES, f"{name}: {EFFECTS[name]}", "If that is not meant, change it at Corbado."
            )


def _script() -> Finding:
    return ok(
        SCRIPT,
        f"Browsers load {conf.CORBADO_CONNECT_SCRIPT_URL} and call "
        f"{conf.connect_frontend_api_url()}: both must be in your Content-Security-Policy, if "
        "there is one.",
    )


def _typed_names(site: Place | None) -> Finding:
    """Check our side of the pre-login action; Corbado does not say whether it is set up."""
    origin = site.origin if site else "https://…"
    try:
        has_secrets = bool(conf.CORBADO_WEBHOOK_SECRETS)
    except ImproperlyConfigured as error:
        return wrong(TYPED, str(error), "See the checks below.")
    if not has_secrets:
        return warning(
            TYPED,
            "Passkeys are found only by autofill: an address that is typed leads to the password.",
            "For typed addresses set CORBADO_WEBHOOK_SECRETS, and paste the pre-login action from "
            'the documentation page "How to use Corbado Connect" at Corbado.',
        )
    path = _path("connect-identifier", "/…/webhooks/connect/identifier/")
    return ok(TYPED, f"The pre-login action asks {origin}{path}, if it is set up at Corbado.")


def _events(site: Place | None) -> Iterator[Finding]:
    """Ask Corbado where it sends events, if the event webhook is on."""
    try:
        if not conf.CORBADO_WEBHOOK_SECRETS:
            return
        endpoints = ConnectService().list_event_endpoints()
    except (CorbadoError, ImproperlyConfigured):
        yield ok(EVENTS, "Corbado does not say whether it sends events here: see its panel.")
        return
    path = _path("event-webhook", "/…/webhooks/events/")
    ours = [
        (place, endpoint)
        for endpoint in endpoints
        if (place := Place.of(endpoint.url)) is not None
        and place.path == path
        and (site is None or place.origin == site.origin)
    ]
    if not ours:
        yield ok(EVENTS, f"Corbado sends none to {site.origin if site else ''}{path}.")
    for place, endpoint in ours:
        missing = ", ".join(sorted(NEEDED_EVENTS - endpoint.events))
        if not endpoint.has_credentials:
            yield wrong(
                EVENTS,
                f"Corbado sends events to {place} without user name and password: each is refused.",
                "Enter those of CORBADO_WEBHOOK_SECRETS at Corbado.",
            )
        elif missing:
            yield warning(
                EVENTS, f"Corbado sends events to {place}, but not {missing}.", "Subscribe to them."
            )
        else:
            yield ok(EVENTS, f"Corbado sends events to {place}.")


def _path(view: str, otherwise: str) -> str:
    from django.urls import NoReverseMatch, reverse

    try:
        return reverse(f"corbado_auth:{view}")
    except NoReverseMatch:
        return otherwise
