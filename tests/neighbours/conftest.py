"""The tests of a neighbour run under its settings alone; ``make test`` has a run for each."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Pass over the files of other neighbours, whose apps are not installed here."""
    if not collection_path.name.startswith("test_"):
        return None
    name = collection_path.stem.removeprefix("test_")
    return None if f"tests.settings.{name}" == settings.SETTINGS_MODULE else True
