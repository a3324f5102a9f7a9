"""Checks of other apps whose defaults get in the way of a sign-in, or of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning

from . import ids

TIMEOUT = "django_session_timeout.middleware.SessionTimeoutMiddleware"

Messages = Iterator[CheckMessage]


def check_neighbours(**kwargs: Any) -> list[CheckMessage]:
    """Check that no other app takes an auth token away, or breaks on a refused passkey."""
    return [*_session_timeout(), *_easy_audit()]


def _session_timeout() -> Messages:
    """Report the middleware that redirects before our view has seen the token."""
    if TIMEOUT in settings.MIDDLEWARE:
        yield Warning(
            "django-session-timeout sends visitors with an old session to the login page, without "
            "the auth token that they have just come back with: they have to sign in twice.",
            hint="Put corbado_auth.contrib.session_timeout.SessionTimeoutMiddleware into "
            "MIDDLEWARE in its place.",
            id=ids.SESSION_TIMEOUT_LOSES_TOKENS,
        )


def _easy_audit() -> Messages:
    """Report a receiver that raises because a passkey comes without a user name."""
    if (
        apps.is_installed("easyaudit")
        and getattr(settings, "DJANGO_EASY_AUDIT_PROPAGATE_EXCEPTIONS", False)
        and getattr(settings, "DJANGO_EASY_AUDIT_WATCH_AUTH_EVENTS", True)
    ):
        yield Warning(
            "django-easy-audit raises at each sign-in that this site refuses, since a passkey "
            "comes without a user name: people get a 500 error, not the page that says why.",
            hint="Set DJANGO_EASY_AUDIT_PROPAGATE_EXCEPTIONS = False (its default), or "
            "DJANGO_EASY_AUDIT_WATCH_AUTH_EVENTS = False.",
            id=ids.EASY_AUDIT_RAISES,
        )
