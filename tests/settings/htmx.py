"""The test site with django-htmx, which brings htmx along."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "django_htmx"]
MIDDLEWARE = [*MIDDLEWARE, "django_htmx.middleware.HtmxMiddleware"]
