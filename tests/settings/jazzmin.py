"""The test site with django-jazzmin as its admin."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [
    "jazzmin",
    "corbado_auth.admin_site.CorbadoAdminConfig",
    *(app for app in INSTALLED_APPS if app != "django.contrib.admin"),
]
