"""Checks of the JSON API: who may call it from elsewhere, and which tokens it issues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from corbado_auth.api_tokens import TokenExchange, exchange
from corbado_auth.conf import conf
from corbado_auth.headless import origins

from . import ids

Messages = Iterator[CheckMessage]

EXAMPLE = 'CORBADO_API_ORIGINS = ["https://app.example.com"]'


def check_headless(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings of the JSON API."""
    broken = [*_origins(), *_token()]
    return broken or list(_unused())


def _origins() -> Messages:
    try:
        entries = conf.CORBADO_API_ORIGINS
    except ImproperlyConfigured as error:
        yield Error(str(error), hint=f"For instance: {EXAMPLE}", id=ids.API_MALFORMED)
        return
    for position, entry in enumerate(entries, 1):
        if flaw := origins.flaw(entry):
            yield Error(
                f"CORBADO_API_ORIGINS: entry {position} ({entry!r}) is not an origin: {flaw}.",
                hint="Write scheme, host and port as browsers send them, and nothing more. For "
                f"instance: {EXAMPLE}",
                id=ids.API_MALFORMED,
            )


def _token() -> Messages:
    path = conf.CORBADO_API_TOKEN
    if path and not _is_exchange(path):
        yield Error(
            f"CORBADO_API_TOKEN names {path!r}, which cannot be imported as a TokenExchange.",
            hint="Write the dotted path of a subclass of "
            "corbado_auth.api_tokens.TokenExchange, such as "
            '"corbado_auth.contrib.api_tokens.Knox", or delete the line.',
            id=ids.API_MALFORMED,
        )


def _is_exchange(path: str) -> bool:
    try:
        found = import_string(path)
    except Exception:  # noqa: BLE001 -- a module that is imported may raise anything
        return False
    return isinstance(found, type) and issubclass(found, TokenExchange)


def _unused() -> Messages:
    listed = conf.CORBADO_API_ORIGINS
    if not listed:
        return
    if exchange() is None:
        yield Warning(
            "CORBADO_API_ORIGINS is set, but the site issues no tokens: nobody can sign in from "
            "another origin, where no session cookie is accepted.",
            hint="Install django-rest-knox, djangorestframework-simplejwt or "
            "rest_framework.authtoken, or name a class of your own in CORBADO_API_TOKEN.",
            id=ids.API_ORIGINS_UNUSED,
        )
    if "corsheaders.middleware.CorsMiddleware" in settings.MIDDLEWARE and not getattr(
        settings, "CORS_ALLOW_ALL_ORIGINS", False
    ):
        allowed = getattr(settings, "CORS_ALLOWED_ORIGINS", ())
        patterns = getattr(settings, "CORS_ALLOWED_ORIGIN_REGEXES", ())
        missing = [each for each in listed if each not in allowed]
        if missing and not patterns:
            yield Warning(
                f"django-cors-headers answers preflights itself, and does not know {missing[0]!r} "
                "of CORBADO_API_ORIGINS: browsers there will not call the API.",
                hint="Add it to CORS_ALLOWED_ORIGINS, and "
                f'"{origins.SIGN_IN_HEADER.lower()}" to CORS_ALLOW_HEADERS.',
                id=ids.API_ORIGINS_UNUSED,
            )
