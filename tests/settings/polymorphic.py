"""The test site with django-polymorphic: one user model, two kinds of people."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "polymorphic", "tests.support.users.polymorphic"]
AUTH_USER_MODEL = "users_polymorphic.User"
