"""The site of these tests, and its backends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from pytest_django import Settings

from tests.support.backends import AnsweredBackend
from tests.support.refusals import DJANGOS


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def use(settings: Settings) -> Callable[[type], None]:
    """Return the function that makes a site use a subclass; it begins with ``AnsweredBackend``."""

    def use(backend: type) -> None:
        settings.AUTHENTICATION_BACKENDS = [DJANGOS, f"{backend.__module__}.{backend.__name__}"]

    use(AnsweredBackend)
    return use
