"""Checks that no other package records tokens and links from request URLs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.utils.module_loading import import_string

from corbado_auth import telemetry

from . import ids

MIDDLEWARE = "corbado_auth.telemetry.HideTokensMiddleware"
# They read the URL before any middleware: Sentry in Django's handler, OpenTelemetry in a
# middleware that puts itself first, easy-audit in a receiver of ``request_started``.
AT_THE_DOOR = {
    "sentry_sdk": "Sentry",
    "opentelemetry.instrumentation.django": "OpenTelemetry",
    "easyaudit": "django-easy-audit",
}
BEHIND_IT = {"django_structlog": "django-structlog", "debug_toolbar": "the debug toolbar"}


def check_recorders(**kwargs: Any) -> list[CheckMessage]:
    """Check that packages that record requests do not see tokens."""
    return [*_unhidden(), *_unscrubbed()]


def _unhidden() -> Iterator[CheckMessage]:
    is_wrapped = _is_wrapped("WSGI_APPLICATION") or _is_wrapped("ASGI_APPLICATION")
    recorders = [name for module, name in AT_THE_DOOR.items() if _records(module)]
    if MIDDLEWARE not in settings.MIDDLEWARE:
        recorders += [name for module, name in BEHIND_IT.items() if _records(module)]
    if recorders and not is_wrapped:
        yield Warning(
            f"{', '.join(recorders)} would record auth tokens and magic links from request URLs.",
            hint="In wsgi.py or asgi.py, write application = hide_tokens(get_wsgi_application()) "
            "(from corbado_auth.telemetry), and name it in WSGI_APPLICATION or ASGI_APPLICATION.",
            id=ids.TOKENS_RECORDED,
        )


def _unscrubbed() -> Iterator[CheckMessage]:
    if _records("sentry_sdk"):
        options = sys.modules["sentry_sdk"].get_client().options
        missing = [
            name for name in ("before_send", "before_send_transaction") if not options.get(name)
        ]
        if missing:
            yield Warning(
                "Sentry would record passwords that Corbado asks about, in the local variables of "
                f"an error: it has no {' and no '.join(missing)}.",
                hint="Write sentry_sdk.init(..., before_send=scrub_event, "
                "before_send_transaction=scrub_event) (from corbado_auth.telemetry), or call "
                "scrub_event in your existing functions.",
                id=ids.SECRETS_RECORDED,
            )


def _records(module: str) -> bool:
    """Return whether a package is active here, not only installed."""
    if module == "sentry_sdk":
        sentry = sys.modules.get(module)
        return sentry is not None and bool(sentry.get_client().is_active())
    return module in sys.modules if "." in module else apps.is_installed(module)


def _is_wrapped(setting: str) -> bool:
    path = getattr(settings, setting, None)
    try:
        return telemetry.is_wrapped(import_string(path)) if path else False
    except Exception:  # noqa: BLE001 -- the site's own module; Django reports the error itself
        return False
