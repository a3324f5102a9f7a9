"""The test site with django-impersonate: superusers act as other users."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "impersonate"]
MIDDLEWARE = [*MIDDLEWARE, "impersonate.middleware.ImpersonateMiddleware"]
