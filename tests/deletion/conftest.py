"""The site of these tests deletes at Corbado, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from corbado_auth.deletion import noting
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.deletion import TURNED_ON

MakeUser = Callable[..., Any]


@pytest.fixture(autouse=True)
def _turned_on() -> Iterator[None]:
    with override_settings(AUTHENTICATION_BACKENDS=TURNED_ON):
        yield


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give requests more time than they ever need, however busy the machine is."""
    monkeypatch.setattr(noting, "SECONDS", 60.0)


@pytest.fixture
def link(corbado: Corbado, make_user: MakeUser) -> Callable[[str], CorbadoAccount]:
    """Return the function that makes a person, here and at Corbado."""

    def make(name: str) -> CorbadoAccount:
        address = f"{name}@example.com"
        return CorbadoAccount.objects.create(
            user=make_user(address),
            project_id=settings.CORBADO_PROJECT_ID,
            corbado_user_id=corbado.add_user(address).id,
        )

    return make


@pytest.fixture
def left_over(link: Callable[[str], CorbadoAccount]) -> list[str]:
    """Return the IDs of three people who are deleted here and not yet at Corbado."""
    accounts = [link(name) for name in ("erin", "finn", "gwen")]
    for account in accounts:
        account.user.delete()
    # The process died between the commit and what comes after it.
    connection.run_on_commit.clear()
    return [account.corbado_user_id for account in accounts]
