"""Tests of a site with django-axes run under its settings alone (a pytest plugin)."""

from __future__ import annotations

import pytest
from django.apps import apps


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked `axes` out of the other runs; `make test` has a run for them."""
    if apps.is_installed("axes"):
        return
    needing = [item for item in items if item.get_closest_marker("axes")]
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)
