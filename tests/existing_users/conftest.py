"""What the tests of moving users have in common."""

from __future__ import annotations

import pytest
from django.conf import LazySettings


@pytest.fixture
def impatient(settings: LazySettings) -> None:
    """Wait for nothing after a failure."""
    settings.CORBADO_USER_MIGRATION = "tests.support.impatient.ImpatientMigration"
