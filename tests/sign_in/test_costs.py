"""What the app costs a site, in counts: queries, calls to Corbado, modules that are imported.

Time is measured by ``make bench``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.front_door import come_back, open_login_page
from tests.support.vouching import come_as
from tests.support.worker import ROOT

MakeUser = Callable[..., Any]
ADA = "ada@example.com"
# Not counted: what opens and ends a transaction.
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
HEAVY = {"cryptography", "pytest", "requests", "tqdm", "urllib3", "webauthn", "werkzeug"}
START = """
import sys, django
django.setup()
from django.contrib.auth import get_backends
from django.urls import get_resolver
get_backends()
get_resolver().reverse_dict
print(*sys.modules)
"""

FIRST_REQUEST = f"""{START}
import threading
from django.test import Client
print("---")
client = Client()
print(client.get("/corbado/login/").status_code)
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        print(thread.name)
        thread.join()
print(client.get("/corbado/login/").status_code, len(threading.enumerate()))
from corbado_auth import managers
print(managers._statement.cache_info().currsize)
print(*sys.modules)
"""


def sql_of_a_sign_in() -> list[str]:
    """Sign Ada in from a browser without a session, and return the statements."""
    with CaptureQueriesContext(connection) as context:
        assert come_as(Client(), ADA).status_code == 303
    return [query["sql"] for query in context if not query["sql"].startswith(CONTROL)]


@pytest.mark.matrix
@pytest.mark.django_db
def test_a_returning_person_costs_four_queries_at_most(make_user: MakeUser) -> None:
    make_user(ADA)
    come_as(Client(), ADA)
    sql = sql_of_a_sign_in()
    assert len(sql) <= 4, sql


@pytest.mark.django_db(transaction=True)
def test_a_returning_person_costs_one_commit(make_user: MakeUser) -> None:
    make_user(ADA)
    come_as(Client(), ADA)
    in_transactions: list[bool] = []

    def execute(run: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            in_transactions.append(connection.in_atomic_block)
        return run(sql, *arguments)

    with CaptureQueriesContext(connection) as context, connection.execute_wrapper(execute):
        come_as(Client(), ADA)
    sql = [query["sql"].split(maxsplit=1)[0] for query in context]
    assert sql.count("COMMIT") == 1
    assert not set(sql) & {"SAVEPOINT", "RELEASE"}
    assert in_transactions == [True] * 3  # The session, the count and last_login.


@pytest.mark.matrix
@pytest.mark.django_db
def test_a_returning_person_is_read_in_one_query(make_user: MakeUser) -> None:
    make_user(ADA)
    come_as(Client(), ADA)
    table = get_user_model()._meta.db_table
    reads = [sql for sql in sql_of_a_sign_in() if sql.startswith("SELECT") and table in sql]
    assert len(reads) == 1
    assert CorbadoAccount._meta.db_table in reads[0]


@pytest.mark.matrix
def test_linking_costs_five_queries_at_most(make_user: MakeUser) -> None:
    ada = make_user(ADA)
    sql = sql_of_a_sign_in()
    assert CorbadoAccount.objects.get().user == ada
    assert len(sql) <= 5, sql


@pytest.mark.matrix
@pytest.mark.django_db
def test_creating_costs_six_queries_at_most() -> None:
    sql = sql_of_a_sign_in()
    assert get_user_model()._default_manager.count() == 1
    assert len(sql) <= 6, sql


def test_a_sign_in_asks_corbado_once(client: Client, corbado: Corbado, make_user: MakeUser) -> None:
    make_user(ADA)
    corbado.sign_in(client, corbado.add_user(ADA))
    assert [request.path for request in corbado.requests] == ["/v1/authTokens/validate"]


@pytest.mark.django_db
def test_the_login_page_costs_no_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert open_login_page(client, "/account/").status_code == 200


@pytest.mark.django_db
def test_the_confirm_page_costs_no_query(
    client: Client, corbado: Corbado, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token = corbado.issue_token(corbado.add_user(ADA))
    with django_assert_num_queries(0):
        assert come_back(client, token, referer=None).url == reverse("corbado_auth:confirm")
        page = client.get(reverse("corbado_auth:confirm"))
    assert ADA in page.content.decode()


@pytest.mark.matrix
@pytest.mark.django_db
def test_another_page_costs_what_django_alone_needs(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    come_as(client, ADA)
    with django_assert_num_queries(2):  # The session, and its user.
        assert client.get("/account/").status_code == 200


def run(script: str, **env: str) -> tuple[str, str]:
    """Run it in a process of its own; return what it printed, and its errors."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings.default", **env},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout, done.stderr


def test_a_site_that_starts_imports_nothing_heavy() -> None:
    loaded = set(run(START)[0].split())
    assert {"corbado_auth.views", "corbado_auth.backends", "corbado_auth.admin"} <= loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("bundle", ["", "/nowhere/ca.pem"])
def test_after_its_first_request_a_process_loads_what_the_first_sign_in_needs(bundle: str) -> None:
    """And says nothing if a part of it fails: a sign-in would."""
    printed, errors = run(FIRST_REQUEST, REQUESTS_CA_BUNDLE=bundle)
    started, _, then = printed.partition("---\n")
    status, thread, again, compiled, loaded = then.split("\n")[:5]
    assert (status, thread, again, compiled) == ("200", "corbado-warm-up", "200 1", "1")
    needed = {"requests", "urllib3", "django.core.cache.backends.locmem"}
    assert needed <= set(loaded.split())
    assert not needed & set(started.split())
    assert "Traceback" not in errors
