"""The test site with a user model whose USERNAME_FIELD is the email."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.users.by_email"]
AUTH_USER_MODEL = "by_email.User"
