"""A password that Corbado asks about keeps its hash, and the person's sessions go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, PBKDF2PasswordHasher
from django.test import Client

from tests.webhooks.test_webhooks import ADDRESS, PASSWORD, ask

pytestmark = pytest.mark.django_db

HERE = __name__


class NewHasher(PBKDF2PasswordHasher):
    """What a newer Django prefers; quick."""

    algorithm = "newer"
    iterations = 1


class OldHasher(MD5PasswordHasher):
    """What the hashes in the database are of."""


@pytest.fixture
def erin(make_user: Callable[..., Any], settings: Any) -> Any:
    """A user whose hash is older than Django."""
    settings.PASSWORD_HASHERS = [f"{HERE}.OldHasher"]
    user = make_user(ADDRESS, username="erin", password=PASSWORD)
    settings.PASSWORD_HASHERS = [f"{HERE}.NewHasher", f"{HERE}.OldHasher"]
    return user


def hash_of(user: Any) -> str:
    """Return the algorithm in the database."""
    user.refresh_from_db()
    return str(user.password.partition("$")[0])


def test_sessions_go_on_after_corbado_asked(client: Client, erin: Any) -> None:
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    assert ask("passwordVerify") == {"success": True}
    assert hash_of(erin) == "md5"
    assert client.get("/account/").status_code == 200


def test_a_sign_in_with_the_password_here_upgrades_the_hash_as_ever(
    client: Client, erin: Any
) -> None:
    assert ask("passwordVerify") == {"success": True}
    assert client.login(username="erin", password=PASSWORD)
    assert hash_of(erin) == "newer"
    assert ask("passwordVerify") == {"success": True}


def test_a_wrong_password_changes_nothing(erin: Any) -> None:
    assert ask("passwordVerify", password="wrong") == {"success": False}
    assert hash_of(erin) == "md5"
