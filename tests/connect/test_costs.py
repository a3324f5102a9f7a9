"""What Connect costs a site: queries and calls to Corbado."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from corbado_auth.models import ConnectAccount, PasskeyNudge
from corbado_auth.testing import Corbado

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ADA, PASSWORD = "ada@example.com", "an old password"
TOKENS, ANSWER = "/corbado/connect/tokens/", "/corbado/passkeys/nudge/"
TABLE = re.compile(r"""(?:FROM|INTO|UPDATE) ["`](\w+)["`]""")
DJANGOS_OWN = [Session._meta.db_table, get_user_model()._meta.db_table]
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


def read_for(client: Client, url: str) -> tuple[list[str], str]:
    """Return which tables a page reads or writes, and the page."""
    with CaptureQueriesContext(connection) as context:
        answer = client.get(url)
    assert answer.status_code == 200
    tables = [found[1] for query in context if (found := TABLE.search(query["sql"]))]
    return tables, answer.content.decode()


def test_pages_without_our_tags_cost_nothing(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    visitor, ada = Client(), Client()
    assert corbado.sign_in_by_connect(ada, make_user(ADA)).status_code == 200
    before = len(corbado.requests)
    assert read_for(visitor, "/")[0] == []
    assert not visitor.cookies
    # LoginRequiredMiddleware looks who it is on every page.
    assert read_for(ada, "/")[0] in ([], DJANGOS_OWN)
    # What Django itself needs in order to know who is signed in.
    assert read_for(ada, "/account/")[0] == DJANGOS_OWN
    assert len(corbado.requests) == before


@pytest.mark.urls("tests.browser.urls")
def test_an_offer_costs_one_query_and_its_token_one_call(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, ada = Client(), make_user(ADA, password=PASSWORD)
    assert client.login(username=ada.get_username(), password=PASSWORD)
    tables, page = read_for(client, "/home/")
    assert 'data-corbado-connect="append"' in page
    assert tables == [*DJANGOS_OWN, PasskeyNudge._meta.db_table]
    assert corbado.requests == []
    answer = client.post(TOKENS, {"type": "passkey-append"}, content_type="application/json")
    assert answer.status_code == 200
    assert [call.path for call in corbado.requests] == ["/v2/connectTokens"]


@pytest.mark.urls("tests.browser.urls")
@pytest.mark.parametrize("why", ["has a passkey", *PasskeyNudge.Answer.values])
def test_people_who_have_a_passkey_or_said_no_cost_nothing(
    corbado: Corbado, make_user: Callable[..., Any], why: str
) -> None:
    """Without the element, no script of ours is on the page that could ask for a token."""
    client, ada = Client(), make_user(ADA, password=PASSWORD)
    if why == "has a passkey":
        corbado.sign_in_by_connect(Client(), ada)
    before = len(corbado.requests)
    assert client.login(username=ada.get_username(), password=PASSWORD)
    if why != "has a passkey":
        assert client.post(ANSWER, {"answer": why}).status_code == 303
    tables, page = read_for(client, "/home/")
    assert (tables, len(corbado.requests)) == (DJANGOS_OWN, before)
    assert "data-corbado-connect" not in page
    assert "connect.js" not in page


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
