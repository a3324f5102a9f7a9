"""The test site as one of several web hosts: with the settings of docs/scaling.md.

SCALING_BLOCKS names the blocks; the environment that they read is made by tests/scaling/servers.py.
"""

from __future__ import annotations

import os

from tests.scaling.blocks import install_modules, settings_of
from tests.settings.default import *
from tests.support.emulator import API_SECRET, PROJECT_ID
from tests.support.worker import ROOT

install_modules()
globals().update(settings_of(*os.environ["SCALING_BLOCKS"].split(", ")))

DEBUG = False
ROOT_URLCONF = "tests.scaling.urls"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "tests.support.backends.AnsweredBackend",
]
# A site's own 500.html, without which Django's page has no link.
TEMPLATES = [{**TEMPLATES[0], "DIRS": [ROOT / "tests" / "scaling" / "templates"]}]
CORBADO_PROJECT_ID = PROJECT_ID
CORBADO_API_SECRET = API_SECRET
CORBADO_BACKEND_API_URL = os.environ["SCALING_CORBADO"]
CORBADO_FRONTEND_API_URL = os.environ["SCALING_CORBADO"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
