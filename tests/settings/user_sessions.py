"""The test site with django-user-sessions: each session's row names its user."""

from __future__ import annotations

import warnings

from tests.settings.default import *

# It imports what setuptools has long announced to drop.
warnings.filterwarnings("ignore", message="pkg_resources")

INSTALLED_APPS = [
    "user_sessions" if each == "django.contrib.sessions" else each for each in INSTALLED_APPS
]
MIDDLEWARE = [
    "user_sessions.middleware.SessionMiddleware" if each.endswith(".SessionMiddleware") else each
    for each in MIDDLEWARE
]
SESSION_ENGINE = "user_sessions.backends.db"
