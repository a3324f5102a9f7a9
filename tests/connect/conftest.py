"""A template that names a variable which its view does not give fails the test."""

from __future__ import annotations

import pytest
from django.template import engines


class Undefined:
    """What Django puts in the place of such a variable, once it has asked for its name."""

    def __contains__(self, _text: str) -> bool:
        return True

    def __mod__(self, variable: object) -> str:
        pytest.fail(f"No view gives {variable}.")


@pytest.fixture(autouse=True)
def no_undefined_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a link without a target looks like one."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", Undefined())
