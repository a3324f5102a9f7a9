"""The test site with django-loginas: superusers sign in as other users."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "loginas"]
