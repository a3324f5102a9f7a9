"""The test site as a process of its own: its database and Corbado come from the environment."""

from __future__ import annotations

import json
import os

from tests.settings.default import *

DATABASES = {"default": json.loads(os.environ["WORKER_DATABASE"])}
CORBADO_BACKEND_API_URL = os.environ["WORKER_CORBADO"]
CORBADO_MAX_CONCURRENT_CALLS = os.environ.get("WORKER_CALLS")
CORBADO_USER_MIGRATION = "tests.support.impatient.ImpatientMigration"
