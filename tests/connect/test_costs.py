"""What Connect costs a site, in counts: queries and calls to Corbado."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from corbado_auth.models import ConnectAccount
from corbado_auth.testing import Corbado

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ADA = "ada@example.com"
# Not counted: what opens and ends a transaction.
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@pytest.fixture(autouse=True)
def connect(corbado: Corbado, settings: Any) -> Any:
    settings.CORBADO_CONNECT = True
    cache.clear()
    return settings


def test_a_sign_in_costs_six_queries_at_most_and_one_call(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    data = corbado.connect_data(make_user(ADA))
    with CaptureQueriesContext(connection) as context:
        assert corbado.post_connect_data(Client(), data).status_code == 200
    sql = [query["sql"] for query in context if not query["sql"].startswith(CONTROL)]
    assert len(sql) <= 6, sql
    assert len(corbado.requests) == 1


def test_a_person_is_read_in_one_query_by_the_index_of_the_handle(
    make_user: Callable[..., Any],
) -> None:
    handle = ConnectAccount.objects.get_or_link(make_user(ADA)).handle
    with CaptureQueriesContext(connection) as context:
        account = ConnectAccount.objects.for_handle(handle)
        assert account is not None
        assert account.user.email == ADA
    (query,) = [each["sql"] for each in context]
    assert get_user_model()._meta.db_table in query
    columns = {
        tuple(found["columns"])
        for found in connection.introspection.get_constraints(
            connection.cursor(), ConnectAccount._meta.db_table
        ).values()
        if found["unique"]
    }
    assert ("handle", "project_id") in columns
