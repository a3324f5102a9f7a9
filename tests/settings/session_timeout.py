"""The test site with django-session-timeout: sessions end after ten minutes."""

from __future__ import annotations

from tests.settings.default import *

MIDDLEWARE = [*MIDDLEWARE, "corbado_auth.contrib.session_timeout.SessionTimeoutMiddleware"]
SESSION_EXPIRE_SECONDS = 600
SESSION_EXPIRE_AFTER_LAST_ACTIVITY = True
