"""The admin's lists find by whole IDs and beginnings, by indexes, and page from both ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from corbado_auth.admin import lists
from corbado_auth.models import ConnectAccount, CorbadoAccount, MigrationAttempt, SignInRecord
from tests.accounts.indexes import reads_everybody

User = get_user_model()
# The bare user model has no staff, so nobody can open the admin there.
with_staff = pytest.mark.matrix if hasattr(User, "is_staff") else pytest.mark.django_db
MakeAccount = Callable[..., CorbadoAccount]
LIST = "admin:corbado_auth_corbadoaccount_changelist"
LISTS = ["corbadoaccount", "connectaccount", "migrationattempt", "signinrecord"]


def shown(client: Client, model: str = "corbadoaccount", **query: str) -> list[Any]:
    """Return the rows that a list shows."""
    response = client.get(reverse(f"admin:corbado_auth_{model}_changelist"), query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


@with_staff
@pytest.mark.parametrize(
    "term",
    [
        "ada@corbado",
        "ADA@corbado.example.com",
        "usr-ada",
        " usr-ada ",
        "ada@local.example.com",
        "ADA@LOCAL.example.com",
    ],
)
def test_an_account_is_found_by_addresses_and_corbado_id(
    staff: Client, make_account: MakeAccount, term: str
) -> None:
    ada, _grace = make_account("ada"), make_account("grace")
    assert shown(staff, q=term) == [ada]


@pytest.mark.django_db
def test_an_account_is_found_by_how_the_user_name_begins(
    staff: Client, make_account: MakeAccount
) -> None:
    ada, _grace = make_account("ada"), make_account("grace")
    name = ada.user.get_username()
    for term in (name, name[:-1], name.upper()):
        assert shown(staff, q=term) == [ada]


@with_staff
@pytest.mark.parametrize("term", ["local.example.com", "usr-ad", "da@local", "%", "_da@local"])
def test_nothing_is_found_by_what_is_in_the_middle(
    staff: Client, make_account: MakeAccount, term: str
) -> None:
    make_account("ada")
    assert shown(staff, q=term) == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("term", ["=", "::1::", "10.0.0", "x" * 300, "ada lovelace", "\u20ac'\""])
def test_no_text_breaks_a_search(staff: Client, settings: Any, model: str, term: str) -> None:
    settings.CORBADO_CONNECT = settings.CORBADO_SIGN_IN_HISTORY = True
    assert shown(staff, model, q=term) == []


@pytest.mark.django_db
def test_the_other_lists_are_searched_alike(
    staff: Client, make_account: MakeAccount, settings: Any
) -> None:
    settings.CORBADO_CONNECT = settings.CORBADO_SIGN_IN_HISTORY = True
    user = make_account("ada").user
    project = {"user": user, "project_id": settings.CORBADO_PROJECT_ID}
    passkeys = ConnectAccount.objects.create(handle="h-1", corbado_user_id="usr-c", **project)
    attempt = MigrationAttempt.objects.create(**project)
    record = SignInRecord.objects.create(
        user=user, corbado_user_id="usr-ada", outcome="signed_in", ip_address="192.0.2.7"
    )
    for model, row, terms in (
        ("connectaccount", passkeys, ["h-1", "usr-c", "ADA@local.example.com"]),
        ("migrationattempt", attempt, ["ada@local.example.com"]),
        ("signinrecord", record, ["usr-ada", "192.0.2.7", "ada@local.example.com"]),
    ):
        assert [shown(staff, model, q=term) for term in terms] == [[row]] * len(terms)
        assert shown(staff, model, q="local") == []


@pytest.mark.django_db
def test_a_search_with_too_many_matches_says_so(
    staff: Client, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_FOUND", 2)
    accounts = [make_account(f"ada{number}") for number in range(3)]
    response = staff.get(reverse(LIST), {"q": "ada"})
    assert list(response.context["cl"].result_list) == accounts[:0:-1]
    assert "more matches than this list shows" in response.text
    assert "more matches" not in staff.get(reverse(LIST), {"q": "ada1"}).text


@pytest.mark.server
@pytest.mark.usefixtures("leave_no_index")
@pytest.mark.django_db(transaction=True)
def test_each_lookup_of_a_search_uses_an_index(staff: Client, make_account: MakeAccount) -> None:
    """For a database that is told to avoid reading a whole table if it can."""
    call_command("corbado_email_index", verbosity=0)
    for number in range(20):
        make_account(f"user{number}")
    with CaptureQueriesContext(connection) as context:
        assert len(shown(staff, q="user19@local.example.com")) == 1
    table = CorbadoAccount._meta.db_table
    lookups = [sql for sql in (query["sql"] for query in context) if "LIMIT 501" in sql]
    assert len(lookups) == 4
    for sql in lookups:
        assert table in sql
        assert not reads_everybody(sql), sql


# Pages -------------------------------------------------------------------------------------------


@with_staff
@pytest.mark.parametrize("number", [7, 8, 9])
@pytest.mark.parametrize("order", ["", "3", "-3"])
def test_the_pages_together_are_the_list(
    staff: Client,
    make_account: MakeAccount,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    order: str,
) -> None:
    monkeypatch.setattr(lists.LongList, "list_per_page", 2)
    for each in range(number):
        at = timezone.now() - timedelta(days=each) if each % 3 else None
        make_account(f"user{each}", last_sign_in_at=at)
    query = {"o": order} if order else {}
    monkeypatch.setattr(lists.LongList, "list_per_page", 100)
    whole = shown(staff, **query)
    monkeypatch.setattr(lists.LongList, "list_per_page", 2)
    pages = [shown(staff, p=str(page + 1), **query) for page in range((number + 1) // 2)]
    assert [row for page in pages for row in page] == whole
    assert {len(page) for page in pages[:-1]} == {2}


@pytest.mark.django_db
def test_no_page_skips_more_than_half_of_the_rows(
    staff: Client, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists.LongList, "list_per_page", 2)
    for number in range(9):
        make_account(f"user{number}")
    for page in range(1, 6):
        with CaptureQueriesContext(connection) as context:
            shown(staff, p=str(page))
        skipped = [int(each) for each in re.findall(r"OFFSET (\d+)", str(context.captured_queries))]
        assert all(each <= 4 for each in skipped), (page, skipped)


@pytest.mark.django_db
def test_only_primary_keys_are_sorted(
    staff: Client, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joined, all users would be read before the first fifty accounts are picked."""
    monkeypatch.setattr(lists.LongList, "list_per_page", 2)
    for number in range(3):
        make_account(f"user{number}")
    with CaptureQueriesContext(connection) as context:
        shown(staff, o="-3")
    table = connection.ops.quote_name(CorbadoAccount._meta.db_table)
    keys, rows = [query["sql"] for query in context if "ORDER BY" in query["sql"]]
    assert f"SELECT {table}.{connection.ops.quote_name('id')} AS" in keys.replace(" FROM", " AS", 1)
    assert "LIMIT 2" in keys
    assert "LIMIT" not in rows
    assert User._meta.db_table not in keys + rows
