"""The test site with django-qsessions: each session's row names its user."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [
    "qsessions" if each == "django.contrib.sessions" else each for each in INSTALLED_APPS
]
MIDDLEWARE = [
    "qsessions.middleware.SessionMiddleware" if each.endswith(".SessionMiddleware") else each
    for each in MIDDLEWARE
]
SESSION_ENGINE = "qsessions.backends.cached_db"
