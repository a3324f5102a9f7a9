"""Who is who in the attacks: Mallory attacks, Robin is attacked."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from corbado_auth.testing import Corbado, User


@pytest.fixture(autouse=True)
def _no_failed_attempts() -> None:
    """Start every test with the full quota: its attempts all come from one address."""
    cache.clear()


@pytest.fixture
def mallory(corbado: Corbado) -> User:
    """The attacker, who has an account of their own and a fresh token for it."""
    return corbado.add_user("mallory@example.org", "Robin Example")


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """The victim, who has an account as well."""
    return corbado.add_user("robin@example.com", "Robin Example")
