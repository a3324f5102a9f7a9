"""Two brands, and a Corbado for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.cache import cache

from corbado_auth.testing import Corbado

PROJECTS = {
    "green": {"WEBHOOK_SECRETS": ["hooks:password-of-green"]},
    "blue": {"WEBHOOK_SECRETS": ["hooks:password-of-blue"]},
}


@pytest.fixture
def two_projects(settings: Any) -> Any:
    """Give the site two projects."""
    cache.clear()
    settings.CORBADO_PROJECTS = PROJECTS
    settings.CORBADO_PROJECT_RESOLVER = "tests.support.brands.brand_of"
    settings.MIDDLEWARE = ["corbado_auth.middleware.ProjectMiddleware", *settings.MIDDLEWARE]
    return settings


@pytest.fixture
def brands(
    db: None, two_projects: Any, corbado_projects: Mapping[str, Corbado]
) -> Mapping[str, Corbado]:
    """Return the Corbado of each brand."""
    return corbado_projects
