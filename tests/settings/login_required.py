"""The test site with every page closed unless it says otherwise."""

from __future__ import annotations

from tests.settings.default import *  # noqa: F403
from tests.settings.default import MIDDLEWARE

MIDDLEWARE = [*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
