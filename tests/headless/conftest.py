"""What the tests of the API run under."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from corbado_auth.testing import Corbado
from tests.support.api_client import ApiClient


@pytest.fixture
def page(corbado: Corbado, db: None) -> ApiClient:
    """Be a page of the site itself, which signs people in with a session."""
    cache.clear()
    return ApiClient(corbado)


@pytest.fixture
def app(corbado: Corbado, db: None) -> ApiClient:
    """Be an app, which sends no origin."""
    cache.clear()
    return ApiClient(corbado, origin="")
