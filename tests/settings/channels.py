"""The test site with channels; in a process of its own, its database comes from the environment."""

from __future__ import annotations

import json
import os

from tests.settings.default import *

INSTALLED_APPS = ["daphne", *INSTALLED_APPS, "channels"]
ASGI_APPLICATION = "tests.support.websocket_site.application"

if "WORKER_DATABASE" in os.environ:
    DATABASES = {"default": json.loads(os.environ["WORKER_DATABASE"])}
    globals().update(json.loads(os.environ["WORKER_CORBADO_SETTINGS"]))
