"""The test site with the magic links of django-sesame, which come from the site itself."""

from __future__ import annotations

from tests.settings.default import *

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "tests.support.backends.AnsweredBackend",
    "sesame.backends.ModelBackend",
]
SESAME_MAX_AGE = 300
SESAME_ONE_TIME = False
