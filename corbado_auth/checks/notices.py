"""Checks for sites that email people about their passkeys (CORBADO_EMAIL_NOTICES)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.smtp import EmailBackend
from django.utils.module_loading import import_string

from corbado_auth.conf import conf

from . import ids

HAS_MAILERS = django.VERSION >= (6, 1)

Messages = Iterator[CheckMessage]


def check_notices(**kwargs: Any) -> list[CheckMessage]:
    """Check that emails hold up no page, and that passkeys are noticed everywhere."""
    return [*_timeout(), *_events()] if conf.CORBADO_EMAIL_NOTICES else []


def _timeout() -> Messages:
    """Report a mail server that a worker would wait for without end."""
    backend, timeout, setting = _mailer()
    try:
        waits = isinstance(backend, str) and issubclass(import_string(backend), EmailBackend)
    except (ImportError, TypeError):
        return  # Django says so when it sends the first one.
    if waits and timeout is None:
        yield Warning(
            "CORBADO_EMAIL_NOTICES sends emails while a page waits, and nothing limits how long: a "
            "mail server that hangs blocks all workers.",
            hint=f"Set {setting}, or an email backend with a queue.",
            id=ids.EMAILS_WITHOUT_TIMEOUT,
        )


def _mailer() -> tuple[Any, Any, str]:
    """Return the email backend, its time-out, and how to set that."""
    mailers: Any = getattr(settings, "MAILERS", None) if HAS_MAILERS else None
    if mailers:
        mailer = mailers.get("default", {})
        how = 'MAILERS["default"]["OPTIONS"]["timeout"] = 5'
        return mailer.get("BACKEND"), mailer.get("OPTIONS", {}).get("timeout"), how
    return settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT, "EMAIL_TIMEOUT = 5"


def _events() -> Messages:
    """Report a site whose people learn of a passkey only when they list their passkeys."""
    try:
        is_quiet = conf.CORBADO_CONNECT and not conf.CORBADO_WEBHOOK_SECRETS
    except ImproperlyConfigured:
        return  # Has a message of its own.
    if is_quiet:
        yield Warning(
            "CORBADO_EMAIL_NOTICES is on, but a passkey that is added or removed at Connect is "
            "only noticed when its owner lists their passkeys here: the event webhook is off.",
            hint='Set CORBADO_WEBHOOK_SECRETS = [os.environ["CORBADO_WEBHOOK_SECRETS"]], and '
            'register the URL at Corbado. See the documentation page "How to end sessions when a '
            'passkey or a user is removed at Corbado".',
            id=ids.EVENTS_OFF,
        )
