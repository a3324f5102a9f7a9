"""The test site with a user model whose primary key is a UUID."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.users.with_uuid"]
AUTH_USER_MODEL = "with_uuid.User"
