"""The app as Django sees it."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["CorbadoAuthConfig"]


class CorbadoAuthConfig(AppConfig):
    """Register the checks once the apps are loaded."""

    name = "corbado_auth"
    verbose_name = _("Corbado sign-in")
    default_auto_field = "django.db.models.BigAutoField"
