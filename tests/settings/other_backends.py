"""The test site with other backends before ours: one takes any credentials, one other ones."""

from __future__ import annotations

from tests.settings.default import *

AUTHENTICATION_BACKENDS = [
    "tests.support.users.backends.UndecidedBackend",
    "django.contrib.auth.backends.RemoteUserBackend",
    *AUTHENTICATION_BACKENDS,
]

# One of them takes any credentials, as packages do, and returns None for those it does not know.
SILENCED_SYSTEM_CHECKS = ["corbado_auth.W047"]
