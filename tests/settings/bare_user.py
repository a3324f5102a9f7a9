"""The test site with a user model that has neither ``username`` nor any name."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.users.bare"]
AUTH_USER_MODEL = "bare.User"
