"""Django's admin with passkeys: use ``CorbadoAdminConfig`` for ``django.contrib.admin``.

For a site's own AdminSite there is ``corbado_auth.mixins.CorbadoAdminMixin``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite

__all__ = ["CorbadoAdminConfig"]

# App -> its AdminSite, to inherit from if the app is installed: its pages rely on it.
THEMES = {"unfold": "unfold.sites.UnfoldAdminSite"}
DJANGOS = "django.contrib.admin.sites.AdminSite"


class CorbadoAdminConfig(AdminConfig):
    """Django's admin, whose login page has Corbado's component."""

    default_site = "corbado_auth.admin_site.make_default_site"


def make_default_site() -> AdminSite:
    """Return the site for ``django.contrib.admin``: Django's, or unfold's, with passkeys."""
    # Imported late: the mixin needs models, and INSTALLED_APPS loads this module before them.
    from .mixins import CorbadoAdminMixin

    path = next((path for app, path in THEMES.items() if apps.is_installed(app)), DJANGOS)
    site: AdminSite = type("CorbadoAdminSite", (CorbadoAdminMixin, import_string(path)), {})()
    return site
