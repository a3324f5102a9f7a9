"""The tests of a neighbour run under its settings alone; ``make test`` has a run for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.checks import run_checks

from corbado_auth.checks import ids


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Pass over the files of other neighbours, whose apps are not installed here."""
    if not collection_path.name.startswith("test_"):
        return None
    name = collection_path.stem.removeprefix("test_")
    return None if f"tests.settings.{name}" == site.SETTINGS_MODULE else True


@pytest.fixture
def password_pages(settings: Any) -> list[str]:
    """Require passkeys in the admin, and return what a check says still takes passwords."""
    settings.CORBADO_ADMIN_PASSWORD_FORM = False
    settings.CORBADO_WEBHOOK_SECRETS = []
    (found,) = [each for each in run_checks() if each.id == ids.PASSWORDS_STILL_TAKEN]
    pages = found.msg.partition("accepted by: ")[2].removesuffix(".").split(", ")
    # Of the test site itself.
    return [page for page in pages if page not in {"/admin/login/", "/corbado/login/"}]
