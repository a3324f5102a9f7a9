"""Backends with which the tests replace the site's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from tests.support.backends import named


@pytest.fixture
def use_backend(settings: Settings) -> Callable[[type[CorbadoBackend]], None]:
    """Return the function that makes a site use a subclass."""

    def use(backend: type[CorbadoBackend]) -> None:
        settings.AUTHENTICATION_BACKENDS = [named(backend)]

    return use
