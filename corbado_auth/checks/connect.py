"""Checks for sites with Corbado Connect: is it set up, and does anything leak to Corbado?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from corbado_auth.conf import conf
from corbado_auth.corbado_api import urls
from corbado_auth.handles import new_handle

from . import ids

Messages = Iterator[CheckMessage]

PROJECT_ID = re.compile(r"pro-[0-9]+")
HOST_SUFFIX = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?")
ADDRESS = "somebody@example.com"


def check_connect(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings of Connect, if the site uses it."""
    try:
        if not conf.CORBADO_CONNECT:
            return []
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="CORBADO_CONNECT = True", id=ids.CONNECT_MALFORMED)]
    return [*_values(), *_credentials(), *_urls(), *_both_ends(), *_cookies(), *_identifier()]


def check_connect_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Check what is fine on a developer's machine but wrong in production."""
    try:
        return list(_deployment()) if conf.CORBADO_CONNECT else []
    except ImproperlyConfigured:
        return []  # Has a message of its own.


def _values() -> Messages:
    try:
        _ = conf.CORBADO_CONNECT_TOKEN_LIFETIME
    except ImproperlyConfigured as error:
        hint = "For instance: CORBADO_CONNECT_TOKEN_LIFETIME = 300"
        yield Error(str(error), hint=hint, id=ids.CONNECT_MALFORMED)
    own = conf.is_set("CORBADO_CONNECT_PROJECT_ID")
    if own and not PROJECT_ID.fullmatch(conf.CORBADO_CONNECT_PROJECT_ID):
        yield Error(
            'CORBADO_CONNECT_PROJECT_ID is not "pro-" and digits.',
            hint="Copy it from Corbado's panel, or delete the line if Connect is in the project of "
            "CORBADO_PROJECT_ID.",
            id=ids.CONNECT_MALFORMED,
        )


def _credentials() -> Messages:
    has_secret = conf.CORBADO_CONNECT_API_SECRET or conf.CORBADO_BACKEND_API_KEY
    is_other_project = conf.CORBADO_CONNECT_PROJECT_ID != conf.CORBADO_PROJECT_ID
    has_own = conf.is_set("CORBADO_CONNECT_API_SECRET") or conf.CORBADO_BACKEND_API_KEY
    if not has_secret or (is_other_project and not has_own):
        yield Error(
            "Connect has neither an API secret nor a backend API key.",
            hint='Set CORBADO_CONNECT_API_SECRET = os.environ["CORBADO_CONNECT_API_SECRET"], or '
            "CORBADO_BACKEND_API_KEY, from your Connect project.",
            id=ids.CONNECT_MALFORMED,
        )


def _urls() -> Messages:
    domain = conf.CORBADO_CONNECT_CUSTOM_DOMAIN
    if domain and (flaw := urls.flaw(domain)):
        yield Error(
            f"CORBADO_CONNECT_CUSTOM_DOMAIN is not the base URL of an API: {flaw}.",
            hint='Write scheme and host: CORBADO_CONNECT_CUSTOM_DOMAIN = "https://passkeys.'
            'example.com", or delete the line.',
            id=ids.CONNECT_MALFORMED,
        )
    if not HOST_SUFFIX.fullmatch(conf.CORBADO_FRONTEND_API_SUFFIX):
        yield Error(
            "CORBADO_FRONTEND_API_SUFFIX is not the end of a host name.",
            hint='For instance: CORBADO_FRONTEND_API_SUFFIX = "frontendapi.cloud.corbado.io", '
            "without scheme, project ID or path.",
            id=ids.CONNECT_MALFORMED,
        )
    for name in ("CORBADO_CONNECT_SCRIPT_URL", "CORBADO_CONNECT_STYLE_URL"):
        url = getattr(conf, name)
        if url and not (url.startswith("/") or _is_web_url(url)):
            yield Error(
                f"{name} is not a URL.",
                hint=f'Write a path of this site or a whole URL: {name} = "/static/…" or '
                '"https://…".',
                id=ids.CONNECT_MALFORMED,
            )


def _both_ends() -> Messages:
    """Check that browsers and this site ask the same server: an emulator, or Corbado."""
    backend, frontend = conf.CORBADO_BACKEND_API_URL, conf.connect_frontend_api_url()
    if urls.is_local(backend) and urls.is_corbados(frontend):
        hint = (
            f'For the emulator: CORBADO_CONNECT_CUSTOM_DOMAIN = "{backend}" and '
            f'CORBADO_CONNECT_SCRIPT_URL = "{backend}/connect/web-js.js".'
        )
    elif urls.is_corbados(backend) and urls.is_local(frontend):
        hint = f'For the emulator: CORBADO_BACKEND_API_URL = "{frontend}".'
    else:
        return
    yield Warning(
        f"Browsers use passkeys at {frontend}, and this site has them verified at {backend}, which "
        "does not know them.",
        hint=f"{hint} For Corbado, delete both settings.",
        id=ids.CONNECT_SPLIT,
    )


def _is_web_url(url: str) -> bool:
    parts = urls.split(url)
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)


def _cookies() -> Messages:
    parts = urls.split(conf.CORBADO_CONNECT_CUSTOM_DOMAIN)
    host = (parts.hostname or "") if parts else ""
    domain = str(settings.SESSION_COOKIE_DOMAIN or "").lstrip(".").lower()
    if domain and (host == domain or host.endswith(f".{domain}")):
        yield Warning(
            f"SESSION_COOKIE_DOMAIN covers {host}: browsers send everyone's session cookie to "
            "Corbado.",
            hint="Delete SESSION_COOKIE_DOMAIN, so that the cookie is sent to the site's own host "
            "only, or give Corbado a name outside that domain.",
            id=ids.CONNECT_SESSION_COOKIE_TRAVELS,
        )
    if settings.CSRF_USE_SESSIONS or settings.CSRF_COOKIE_HTTPONLY:
        name = "CSRF_USE_SESSIONS" if settings.CSRF_USE_SESSIONS else "CSRF_COOKIE_HTTPONLY"
        yield Warning(
            f"{name} hides the CSRF token from our script, which then uses the one in the page. "
            "A sign-in in another tab makes that one invalid, and people have to reload.",
            hint=f"Delete {name} (it adds no practical protection), or add "
            f'"{ids.CONNECT_CSRF_UNREADABLE}" to SILENCED_SYSTEM_CHECKS.',
            id=ids.CONNECT_CSRF_UNREADABLE,
        )


def _identifier() -> Messages:
    path = conf.CORBADO_CONNECT_IDENTIFIER
    if not path or not apps.is_installed("django.contrib.auth"):
        return
    from django.contrib.auth import get_user_model

    model = get_user_model()
    somebody = model(**{model.get_email_field_name(): ADDRESS})
    try:
        handle = new_handle(somebody)
    except ImproperlyConfigured as error:
        if "must return" not in str(error):
            hint = "Write the dotted path of a function that takes a user and returns a string."
            yield Error(str(error), hint=hint, id=ids.CONNECT_MALFORMED)
        return
    except Exception:  # noqa: BLE001 -- it may need a user from the database
        return
    if ADDRESS in handle.lower():
        yield Warning(
            "CORBADO_CONNECT_IDENTIFIER returns the email address: passkeys stay with an address "
            "that a person gives up, and the next user with that address inherits them.",
            hint="Return something that is never reassigned to another user, such as a column with "
            "a random UUID. A new project needs no CORBADO_CONNECT_IDENTIFIER at all.",
            id=ids.CONNECT_EMAIL_IDENTIFIER,
        )


def _deployment() -> Messages:
    for name in ("CORBADO_CONNECT_CUSTOM_DOMAIN", "CORBADO_CONNECT_SCRIPT_URL"):
        url = getattr(conf, name)
        if not url or url.startswith("/"):
            continue
        if urls.is_local(url):
            yield Warning(
                f"{name} names this machine: an emulator signs in anyone.",
                hint=f"Delete {name} from the settings to use Corbado's own.",
                id=ids.EMULATOR_IN_PRODUCTION,
            )
        elif not urls.is_encrypted(url):
            yield Warning(
                f"{name} is not encrypted: an eavesdropper can sign in as your users.",
                hint=f'Set {name} = "https://…", with https.',
                id=ids.NOT_ENCRYPTED,
            )
