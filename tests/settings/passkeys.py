"""The test site with django-passkeys, whose backend takes any credentials."""

from __future__ import annotations

from tests.settings.default import *

INSTALLED_APPS = [*INSTALLED_APPS, "passkeys"]
AUTHENTICATION_BACKENDS = [
    "tests.support.backends.AnsweredBackend",
    "passkeys.backend.PasskeyModelBackend",
]
FIDO_SERVER_ID = "testserver"
FIDO_SERVER_NAME = "Shop"
KEY_ATTACHMENT = None
