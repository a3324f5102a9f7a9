"""What the tests of the admin share: accounts, and a superuser's browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.test import Client

from corbado_auth.models import CorbadoAccount
from tests.accounts.indexes import indexes, table

MakeUser = Callable[..., AbstractBaseUser]


@pytest.fixture
def make_account(make_user: MakeUser) -> Callable[..., CorbadoAccount]:
    """Return the function that links a new local user."""

    def make(name: str, **fields: Any) -> CorbadoAccount:
        values = {
            "user": make_user(f"{name}@local.example.com"),
            "project_id": "pro-1234567890",
            "corbado_user_id": f"usr-{name}",
            "email": f"{name}@corbado.example.com",
        }
        return CorbadoAccount.objects.create(**{**values, **fields})

    return make


@pytest.fixture
def staff(make_user: MakeUser, client: Client) -> Client:
    """Return a browser in which a superuser is signed in."""
    boss = make_user("boss@example.com", is_staff=True, is_superuser=True)
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def leave_no_index() -> Iterator[None]:
    """Remove what a test has created: a table is emptied after a test, but keeps its indexes."""
    before = indexes()
    yield
    with connection.cursor() as cursor:
        for name in indexes() - before:
            of_table = f" ON {table()}" if connection.vendor == "mysql" else ""
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}{of_table}")
