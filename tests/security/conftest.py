"""Who is who in the attacks: Mallory attacks, Robin is attacked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.middleware.security import SecurityMiddleware

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


@pytest.fixture
def site_policies(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return the function that changes what SecurityMiddleware sends, on a running server too:
    ``referrer_policy``, ``cross_origin_opener_policy``. It reads its settings once, at the start.
    """
    process_response = SecurityMiddleware.process_response

    def change(**policies: str | None) -> None:
        def changed(self: SecurityMiddleware, request: Any, response: Any) -> Any:
            with pytest.MonkeyPatch.context() as patch:
                for name, policy in policies.items():
                    patch.setattr(self, name, policy)
                return process_response(self, request, response)

        monkeypatch.setattr(SecurityMiddleware, "process_response", changed)

    return change
