"""Checks of django-axes, which could lock out passkeys, or Corbado."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from corbado_auth.conf import conf

from . import ids

# With any of these the site decides per request, or does not lock our webhook at all.
DECIDES_ITSELF = ("AXES_WHITELIST_CALLABLE", "AXES_ONLY_ADMIN_SITE")
AXES_OWN = "axes.handlers.database.AxesDatabaseHandler"
AXES_CACHE = "axes.handlers.cache.AxesCacheHandler"

Messages = Iterator[CheckMessage]


def check_lockout(**kwargs: Any) -> list[CheckMessage]:
    """Check that django-axes locks one person's password at a time, and never a passkey."""
    if not apps.is_installed("axes"):
        return []
    if not (_axes("AXES_ENABLED", True) and _axes("AXES_LOCK_OUT_AT_FAILURE", True)):
        return []
    return [*_passkeys(), *_webhook()]


def _passkeys() -> Messages:
    """Check that a lock does not stop passkeys.

    axes checks for locks before any backend is called. It finds no user name in Corbado's proof, so
    to axes all passkey sign-ins from one address are the same person.
    """
    handler = _axes("AXES_HANDLER", AXES_OWN)
    if _lets_passkeys_pass(handler):
        return
    ours = "CacheHandler" if handler == AXES_CACHE else "DatabaseHandler"
    yield Warning(
        "django-axes stops passkeys: a few wrong passwords, or refused passkeys, by anyone "
        "lock out all passkeys at that IP address.",
        hint=f'Set AXES_HANDLER = "corbado_auth.contrib.axes.{ours}". A handler of your own '
        "should inherit from PasskeysPass, in the same module.",
        id=ids.AXES_STOPS_PASSKEYS,
    )


def _webhook() -> Messages:
    """Check that wrong passwords lock out a person, not the address that Corbado calls from.

    All passwords that Corbado asks about come from its own addresses. If django-axes locks by
    address alone, as it does by default, a few wrong ones end the webhook for everyone.
    """
    if _webhook_is_on() and _locks_corbado_out():
        yield Warning(
            "django-axes locks by IP address while the action webhook is on: a few wrong passwords "
            "by anyone lock Corbado out, for everyone.",
            hint='Set AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]], so that a lock only '
            "affects one person at one address. See the documentation page "
            '"How to let people move with their password".',
            id=ids.AXES_LOCKS_BY_ADDRESS,
        )


def _lets_passkeys_pass(handler: Any) -> bool:
    if handler in {AXES_OWN, AXES_CACHE}:
        return False
    try:
        return getattr(import_string(handler), "lets_passkeys_pass", False)
    except Exception:  # noqa: BLE001 -- whatever that module raises; axes reports it itself
        return True


def _webhook_is_on() -> bool:
    try:
        return bool(conf.CORBADO_WEBHOOK_SECRETS)
    except ImproperlyConfigured:
        return False  # Has its own message.


def _locks_corbado_out() -> bool:
    if any(_axes(name, None) for name in DECIDES_ITSELF) or _has_whitelist():
        return False
    parameters = _axes("AXES_LOCKOUT_PARAMETERS", ["ip_address"])
    if not isinstance(parameters, Iterable) or isinstance(parameters, str):
        return False  # A function, or a path to one.
    return any("username" not in _names(each) for each in parameters)


def _has_whitelist() -> bool:
    is_used = _axes("AXES_NEVER_LOCKOUT_WHITELIST", False) or _axes("AXES_ONLY_WHITELIST", False)
    return bool(is_used and _axes("AXES_IP_WHITELIST", None))


def _names(parameter: Any) -> list[str]:
    """Read one entry: a name, or several that count together."""
    return [parameter] if isinstance(parameter, str) else list(parameter)


def _axes(name: str, default: Any) -> Any:
    return getattr(settings, name, default)
