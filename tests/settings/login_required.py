"""The test site with LoginRequiredMiddleware: every page needs a sign-in unless it is exempt."""

from __future__ import annotations

from tests.settings.default import *

MIDDLEWARE = [*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
