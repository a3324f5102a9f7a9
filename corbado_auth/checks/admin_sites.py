"""Checks of Django's admin: whether the site is ours, and which passwords still open it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLResolver, get_resolver

from corbado_auth import passwords
from corbado_auth.conf import conf

from . import ids
from .password_views import takes_basic_auth, takes_password

Messages = Iterator[CheckMessage]

# Of CorbadoAdminConfig, which a check cannot import.
OUR_SITE = "corbado_auth.admin_site.make_default_site"


def check_admin_sites(**kwargs: Any) -> list[CheckMessage]:
    """Check that no app replaces our admin site, and list the passwords that still open one."""
    if not (apps.is_installed("django.contrib.admin") and getattr(settings, "ROOT_URLCONF", None)):
        return []
    return [*_replaced(), *_passwords()]


def _replaced() -> Messages:
    """Report an app that replaces our site with its own, as django-unfold does."""
    from django.contrib import admin

    from corbado_auth.sign_in.admin_login import CorbadoAdminMixin

    is_named = getattr(apps.get_app_config("admin"), "default_site", "") == OUR_SITE
    if is_named and not isinstance(admin.site, CorbadoAdminMixin):
        unfold = 'Write "unfold.apps.BasicAppConfig" instead of "unfold" in INSTALLED_APPS.'
        yield Warning(
            "INSTALLED_APPS names CorbadoAdminConfig, but another app has replaced its site with "
            f"one that has no passkeys ({type(admin.site).__module__}).",
            hint=unfold
            if apps.is_installed("unfold")
            else "Configure that app to leave django.contrib.admin.site alone, or to use one that "
            "inherits from corbado_auth.mixins.CorbadoAdminMixin.",
            id=ids.ADMIN_SITE_REPLACED,
        )


def _passwords() -> Messages:
    """List what takes a password where an admin site has no form for one."""
    views = _reachable_views()
    if not _are_passkeys_required(views) or not _are_passwords_taken():
        return
    found = [path for path, view in views.items() if takes_password(view)]
    found += _with_basic_auth({path: view for path, view in views.items() if path not in found})
    if _is_webhook_on():
        found.append("Corbado's component, which asks the action webhook")
    if found:
        yield Warning(
            "The admin's login page has no password form, but staff passwords are still "
            f"accepted by: {', '.join(found)}.",
            hint="Take these pages out of the URLconf or set has_password_form = False on ours; "
            "leave BasicAuthentication out of DRF's authentication classes; leave "
            "CORBADO_WEBHOOK_SECRETS empty; or give staff unusable passwords "
            "(corbado_retire_passwords). If other people need them, add "
            f'"{ids.PASSWORDS_STILL_TAKEN}" to SILENCED_SYSTEM_CHECKS.',
            id=ids.PASSWORDS_STILL_TAKEN,
        )


def _reachable_views() -> dict[str, Any]:
    """Return the site's views by pattern; of two with the same pattern, the first one answers."""
    found: dict[str, Any] = {}
    for path, view in _views(get_resolver(), "/"):
        found.setdefault(path, view)
    return found


def _views(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _views(pattern, path)
        else:
            yield path, pattern.callback


def _are_passkeys_required(views: dict[str, Any]) -> bool:
    if not conf.CORBADO_ADMIN_PASSWORD_FORM:
        return True
    sites = [getattr(view, "__self__", None) for view in views.values()]
    return any(getattr(site, "has_password_form", None) is False for site in sites)


def _are_passwords_taken() -> bool:
    try:
        return passwords.are_taken()
    except Exception:  # noqa: BLE001 -- a backend that cannot be imported has its own message
        return False


def _with_basic_auth(views: dict[str, Any]) -> list[str]:
    """Return one entry for all views that take passwords in a header: an API has many."""
    paths = [path for path, view in views.items() if takes_basic_auth(view)]
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return [f"HTTP Basic at {', '.join(paths[:3])}{more}"] if paths else []


def _is_webhook_on() -> bool:
    try:
        return bool(conf.CORBADO_WEBHOOK_SECRETS) and not conf.uses_connect_alone()
    except ImproperlyConfigured:
        return False  # Has its own message.
