"""What the tests of Connect run under."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.template import engines

from corbado_auth.testing import Corbado


class Undefined:
    """What Django puts in place of an undefined variable."""

    def __contains__(self, _text: str) -> bool:
        return True

    def __mod__(self, variable: object) -> str:
        pytest.fail(f"No view gives {variable}.")


@pytest.fixture(autouse=True)
def no_undefined_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a link without a target looks like one."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", Undefined())


@pytest.fixture
def connect(corbado: Corbado, settings: Any) -> Any:
    """Turn Connect on, and return the settings."""
    settings.CORBADO_CONNECT = True
    cache.clear()
    return settings
