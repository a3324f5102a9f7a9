"""Checks of the CORBADO_ settings' values. No message repeats a value that may be a secret."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from corbado_auth.client_info import UNIX_SOCKET
from corbado_auth.conf import conf
from corbado_auth.corbado_api import urls
from corbado_auth.webhooks.credentials import is_complete

from . import ids

# The web component's own rule (API notes 1.1).
PROJECT_ID = re.compile(r"pro-[0-9]+")
# The rule of Corbado's SDKs (API notes 1.1); a later form may differ, so it is a warning.
API_SECRET = re.compile(r"corbado1_[!-~]+")

API_URLS = ("CORBADO_BACKEND_API_URL", "CORBADO_FRONTEND_API_URL")

Messages = Iterator[CheckMessage]


def check_values(**kwargs: Any) -> list[CheckMessage]:
    """Check each CORBADO_ setting on its own."""
    return [
        *_credentials(),
        *_api_urls(),
        *_readable("CORBADO_TIMEOUT", ids.TIMEOUT_MALFORMED, "CORBADO_TIMEOUT = (3.05, 5)"),
        *_readable(
            "CORBADO_FAILED_ATTEMPTS_PER_MINUTE",
            ids.LIMIT_MALFORMED,
            "CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 30",
        ),
        *_readable(
            "CORBADO_FAILED_ATTEMPTS_BUDGET",
            ids.LIMIT_MALFORMED,
            "CORBADO_FAILED_ATTEMPTS_BUDGET = 5",
        ),
        *_readable(
            "CORBADO_MAX_CONCURRENT_CALLS",
            ids.LIMIT_MALFORMED,
            "CORBADO_MAX_CONCURRENT_CALLS = 7",
        ),
        *_trusted_proxies(),
        *_webhook_secrets(),
        *_password_backends(),
        *_renamed(),
        *_functions(),
    ]


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Check what is fine on a developer's machine but wrong in production."""
    return [*_emulator(), *_encryption(), *_unnamed_proxy()]


def _credentials() -> Messages:
    project_id, secret = conf.CORBADO_PROJECT_ID, conf.CORBADO_API_SECRET
    if not project_id:
        yield Error(
            "CORBADO_PROJECT_ID is not set.",
            hint='Set CORBADO_PROJECT_ID = "pro-…"; Corbado\'s panel shows it.',
            id=ids.PROJECT_ID_MISSING,
        )
    # Not shown: the two are easily swapped, and then this is the secret.
    elif not PROJECT_ID.fullmatch(project_id):
        yield Error(
            'CORBADO_PROJECT_ID is not "pro-" and digits, which the web component insists on.',
            hint='Set CORBADO_PROJECT_ID = "pro-…" as Corbado\'s panel shows it, without spaces.',
            id=ids.PROJECT_ID_ODD,
        )
    if not secret and not (conf.uses_connect_alone() and conf.CORBADO_BACKEND_API_KEY):
        yield Error(
            "CORBADO_API_SECRET is not set.",
            hint='Set CORBADO_API_SECRET = os.environ["CORBADO_API_SECRET"], and the variable to '
            "a secret (corbado1_…) made in Corbado's panel.",
            id=ids.API_SECRET_MISSING,
        )
    elif secret and not API_SECRET.fullmatch(secret):
        yield Warning(
            'CORBADO_API_SECRET does not look like an API secret, which begins with "corbado1_".',
            hint="Copy the API secret from Corbado's panel again, without spaces or line breaks; "
            "manage.py corbado_doctor tries it.",
            id=ids.API_SECRET_ODD,
        )


def _api_urls() -> Messages:
    for name in API_URLS:
        if name == "CORBADO_FRONTEND_API_URL" and not PROJECT_ID.fullmatch(conf.CORBADO_PROJECT_ID):
            continue  # The default contains the project ID, which has its own message.
        if flaw := urls.flaw(getattr(conf, name)):
            yield Error(
                f"{name} is not the base URL of an API: {flaw}.",
                hint=f'Set {name} = "https://…" with scheme and host only (no path), or delete the '
                "line to get the default.",
                id=ids.API_URL_MALFORMED,
            )


def _readable(name: str, check_id: str, example: str) -> Messages:
    try:
        getattr(conf, name)
    except ImproperlyConfigured as error:
        yield Error(str(error), hint=f"For instance: {example}", id=check_id)


def _trusted_proxies() -> Messages:
    example = f'CORBADO_TRUSTED_PROXIES = ["10.0.0.0/8", "{UNIX_SOCKET}"]'
    try:
        entries = conf.CORBADO_TRUSTED_PROXIES or ()
    except ImproperlyConfigured as error:
        yield Error(str(error), hint=f"For instance: {example}", id=ids.PROXIES_MALFORMED)
        return
    for position, entry in enumerate(entries, 1):
        if not _is_proxy(entry):
            yield Error(
                f"CORBADO_TRUSTED_PROXIES: entry {position} ({entry!r}) is not an IP address or "
                "network.",
                hint=f"Write IP addresses or networks, not host names. For instance: {example}",
                id=ids.PROXIES_MALFORMED,
            )


def _is_proxy(entry: object) -> bool:
    if not isinstance(entry, str):
        return False
    try:
        return entry == UNIX_SOCKET or bool(ipaddress.ip_network(entry, strict=False))
    except ValueError:
        return False


def _webhook_secrets() -> Messages:
    example = 'CORBADO_WEBHOOK_SECRETS = [os.environ["CORBADO_WEBHOOK_SECRETS"]]'
    hint = f'Write each as "user:password", as in Corbado\'s panel. For instance: {example}'
    try:
        entries = conf.CORBADO_WEBHOOK_SECRETS
    except ImproperlyConfigured as error:
        yield Error(str(error), hint=hint, id=ids.WEBHOOK_SECRETS_MALFORMED)
        return
    # Not set means that webhooks are not used; empty, that a value did not arrive.
    if not entries and conf.is_set("CORBADO_WEBHOOK_SECRETS"):
        yield Warning(
            "CORBADO_WEBHOOK_SECRETS is empty, so the webhooks answer 404.",
            hint=f"Delete the line if Corbado calls no webhook of this site; otherwise: {example}",
            id=ids.WEBHOOK_SECRETS_EMPTY,
        )
    for position, entry in enumerate(entries, 1):
        if not is_complete(entry):
            yield Error(
                f"CORBADO_WEBHOOK_SECRETS: entry {position} has no user name, colon and password.",
                hint=hint,
                id=ids.WEBHOOK_SECRETS_MALFORMED,
            )


def _renamed() -> Messages:
    if conf.is_set("CORBADO_WEBHOOK_CREDENTIALS"):
        yield Error(
            "CORBADO_WEBHOOK_CREDENTIALS is ignored: the setting is called "
            "CORBADO_WEBHOOK_SECRETS.",
            hint="Rename it to CORBADO_WEBHOOK_SECRETS, with the same value.",
            id=ids.SETTING_RENAMED,
        )


def _functions() -> Messages:
    path = conf.CORBADO_IS_IMPERSONATING
    if not _is_function(path):
        yield Error(
            f"CORBADO_IS_IMPERSONATING names {path!r}, which cannot be imported as a function.",
            hint="Write the dotted path of a function that takes the request and returns a bool. "
            'For instance: CORBADO_IS_IMPERSONATING = "shop.support.is_acting_as_customer"',
            id=ids.IMPERSONATION_BROKEN,
        )
    path = conf.CORBADO_ENABLED_FOR
    if not _is_function(path):
        yield Error(
            f"CORBADO_ENABLED_FOR names {path!r}, which cannot be imported as a function.",
            hint="Write the dotted path of a function, not an async one, that takes the request "
            'and returns a bool. For instance: CORBADO_ENABLED_FOR = "shop.pilot.sees_passkeys"',
            id=ids.PILOT_BROKEN,
        )


def _is_function(path: str) -> bool:
    try:
        found = import_string(path) if path else bool
    except Exception:  # noqa: BLE001 -- a module that is imported may raise anything
        return False
    return callable(found) and not iscoroutinefunction(found)


def _emulator() -> Messages:
    names = [name for name in API_URLS if urls.is_local(getattr(conf, name))]
    # A frontend API may have the site's own host name (a CNAME); the backend API never does.
    if not (names or urls.is_corbados(conf.CORBADO_BACKEND_API_URL)):
        names = ["CORBADO_BACKEND_API_URL"]
    if names:
        named = " and ".join(names)
        yield Warning(
            f"{named}: not a host of Corbado's, and an emulator signs in anyone.",
            hint=f"Delete {named} from the settings to get Corbado's own hosts, or write "
            '"https://…" as Corbado\'s panel shows it.',
            id=ids.EMULATOR_IN_PRODUCTION,
        )


def _unnamed_proxy() -> Messages:
    signs = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
    named = [name for name in signs if getattr(settings, name)]
    if conf.is_set("CORBADO_TRUSTED_PROXIES") or not named:
        return
    yield Warning(
        f"{named[0]} says that the site is behind a proxy, but CORBADO_TRUSTED_PROXIES does not "
        "name it: all visitors share the proxy's address, and with it the limit on failed "
        "sign-ins, and Corbado is told an address that visitors can make up.",
        hint='Name the proxy: CORBADO_TRUSTED_PROXIES = ["10.0.0.0/8"], or "unix:" for a Unix '
        "socket; [] where no proxy sends X-Forwarded-For.",
        id=ids.PROXY_UNNAMED,
    )


def _encryption() -> Messages:
    for name in API_URLS:
        url = getattr(conf, name)
        if not (urls.is_encrypted(url) or urls.is_local(url)):
            yield Warning(
                f"{name} is not encrypted: tokens, and the secret to the backend API, are sent in "
                "clear text.",
                hint=f'Set {name} = "https://…", with https.',
                id=ids.NOT_ENCRYPTED,
            )


def _password_backends() -> Messages:
    hint = (
        "Name backends from AUTHENTICATION_BACKENDS, or delete the line: the default is all except "
        "ours that take a password."
    )
    try:
        named = conf.CORBADO_PASSWORD_BACKENDS or ()
    except ImproperlyConfigured as error:
        yield Error(str(error), hint=hint, id=ids.PASSWORD_BACKENDS_MALFORMED)
        return
    for path in named:
        if path not in settings.AUTHENTICATION_BACKENDS:
            yield Error(
                f"CORBADO_PASSWORD_BACKENDS names {path!r}, which is not a backend of this site.",
                hint=hint,
                id=ids.PASSWORD_BACKENDS_MALFORMED,
            )
