"""The test site with WhiteNoise, which serves our files under names with a digest."""

from __future__ import annotations

import tempfile

from tests.settings.default import *

_security, *_others = MIDDLEWARE
MIDDLEWARE = [_security, "whitenoise.middleware.WhiteNoiseMiddleware", *_others]
STATIC_ROOT = tempfile.mkdtemp(prefix="static-")
WHITENOISE_AUTOREFRESH = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
