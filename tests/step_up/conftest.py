"""A person at Corbado, and the browser of one who signed in too long ago."""

from __future__ import annotations

import pytest
from django.test import Client

from corbado_auth.testing import Corbado, User
from tests.support.front_door import age_sign_in, sign_in


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com")


@pytest.fixture
def old(client: Client, corbado: Corbado, robin: User) -> Client:
    """The browser of a person who signed in too long ago."""
    sign_in(client, corbado.issue_token(robin))
    age_sign_in(client)
    return client
