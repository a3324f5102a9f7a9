"""The test site with django-su: staff sign in as other users."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "django_su"]
AUTHENTICATION_BACKENDS = [*AUTHENTICATION_BACKENDS, "django_su.backends.SuBackend"]
