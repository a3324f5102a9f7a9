"""The test site with django-simple-history on the user model."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "simple_history", "tests.support.users.with_history"]
MIDDLEWARE = [*MIDDLEWARE, "simple_history.middleware.HistoryRequestMiddleware"]
AUTH_USER_MODEL = "with_history.User"
