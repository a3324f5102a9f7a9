"""One call to Corbado at once."""

from __future__ import annotations

from tests.settings.default import *  # noqa: F403

CORBADO_MAX_CONCURRENT_CALLS = 1
