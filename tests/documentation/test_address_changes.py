"""docs/how-to-change-addresses.md: the address here follows the one that Corbado has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in
from django.test import Client

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.blocks import ROOT, blocks_of

pytestmark = pytest.mark.django_db

PAGE = ROOT / "docs" / "how-to-change-addresses.md"


@pytest.fixture(autouse=True)
def _receiver() -> Iterator[None]:
    """Connect the receiver as the page has it."""
    (block,) = [each for each in blocks_of(PAGE) if each.language == "python"]
    names: dict[str, Any] = {}
    exec(block.text, names)  # noqa: S102 -- the page's own code
    yield
    user_logged_in.disconnect(names["follow_corbado"])


@pytest.mark.parametrize("taken", [False, True])
def test_a_new_address_at_corbado_is_adopted_unless_another_user_has_it(
    client: Client, corbado: Corbado, make_user: Callable[..., Any], settings: Any, taken: bool
) -> None:
    ada = make_user("old@example.com")
    person = corbado.add_user("new@example.com")
    CorbadoAccount.objects.create(
        user=ada, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id=person.id
    )
    if taken:
        make_user("New@example.com")
    assert corbado.sign_in(client, person).status_code == 303
    ada.refresh_from_db()
    assert ada.email == ("old@example.com" if taken else "new@example.com")
    assert CorbadoAccount.objects.get().email == "new@example.com"
