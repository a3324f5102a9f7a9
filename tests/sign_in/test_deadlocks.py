"""A sign-in succeeds even if the database aborts its transaction.

What real databases abort is in tests/security/test_races.py, on PostgreSQL and MariaDB; here, one
statement after the other is aborted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import OperationalError, connection, transaction
from django.test import Client
from pytest_django import Settings

from corbado_auth import deadlocks
from corbado_auth.models import CorbadoAccount
from tests.support.failures import GOOD
from tests.support.front_door import sign_in
from tests.support.misbehaving_server import MisbehavingServer, always, answer
from tests.support.users.factory import create_user
from tests.support.vouching import corbado_user

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"


class Psycopg(Exception):
    """What psycopg raises."""

    sqlstate = "40P01"


class Psycopg2(Exception):
    """What psycopg2 raises."""

    pgcode = "40001"


BROKEN_OFF = [
    pytest.param(Psycopg(), id="psycopg"),
    pytest.param(Psycopg2(), id="psycopg2"),
    pytest.param(Exception(1213, "Deadlock found when trying to get lock"), id="mysqlclient"),
]


@pytest.fixture(autouse=True)
def _corbado_vouches_for_ada(settings: Settings) -> Iterator[None]:
    with MisbehavingServer(always(answer(GOOD))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        yield


class Deadlock:
    """Break off the transactions that insert an account, ``times`` of them."""

    def __init__(self, cause: Exception, times: int) -> None:
        self.cause = cause
        self.left = times

    def __call__(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if self.left and sql.startswith("INSERT") and CorbadoAccount._meta.db_table in sql:
            self.left -= 1
            raise OperationalError("broken off") from self.cause
        return execute(sql, *arguments)


@pytest.mark.parametrize("cause", BROKEN_OFF)
def test_a_transaction_that_was_broken_off_is_done_again(cause: Exception) -> None:
    with connection.execute_wrapper(Deadlock(cause, deadlocks.TRIES - 1)):
        assert sign_in(Client()).status_code == 303
    assert CorbadoAccount.objects.get().sign_in_count == 1


def test_an_endless_deadlock_ends_with_the_page_that_says_try_again() -> None:
    deadlock = Deadlock(Psycopg(), 100)
    with connection.execute_wrapper(deadlock):
        assert sign_in(Client()).status_code == 503
    assert deadlock.left == 100 - deadlocks.TRIES
    assert not CorbadoAccount.objects.exists()


def test_another_failure_is_not_tried_again() -> None:
    away = Deadlock(Exception(2013, "Lost connection"), 100)
    with connection.execute_wrapper(away):
        assert sign_in(Client()).status_code == 503
    assert away.left == 99


def test_inside_a_transaction_of_the_callers_the_error_is_the_callers() -> None:
    create_user(ADA)
    deadlock = Deadlock(Psycopg(), 100)
    with (
        connection.execute_wrapper(deadlock),
        pytest.raises(OperationalError),
        transaction.atomic(),
    ):
        authenticate(None, corbado_user=corbado_user(ADA))
    assert deadlock.left == 99
