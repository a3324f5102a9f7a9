"""Account take-over by an address that merely looks like the victim's (CVE-2019-19844).

The attack: own ``\u017fam@example.com`` (with a long s), or a domain with such a letter, and
confirm it at Corbado. PostgreSQL's ``UPPER()`` and MySQL's collations make it equal to
``sam@example.com``, and so does Python's ``casefold()``. The database only narrows down; the last
comparison lowers ASCII letters and nothing else.

SQLite folds only ASCII letters, so the tests give it a collation that folds as far as any other
database's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from corbado_auth import local_users
from corbado_auth.models import CorbadoAccount
from tests.support.vouching import come_as, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db]

MakeUser = Callable[..., Any]
LOOK_ALIKES = [
    pytest.param("sam@example.com", "\u017fam@example.com", id="long s"),
    pytest.param("kim@example.com", "\u212aim@example.com", id="Kelvin sign"),
    pytest.param("ira@example.com", "\u0131ra@example.com", id="dotless i"),
    pytest.param("ira@example.com", "\u0130ra@example.com", id="dotted capital I"),
    pytest.param("sam@example.com", "\uff53am@example.com", id="fullwidth"),
    pytest.param("fin@example.com", "\ufb01n@example.com", id="ligature"),
    pytest.param("sam@example.com", "sam@example\uff0ecom", id="fullwidth full stop"),
    pytest.param("sam@example.com", "sam@exa\u00admple.com", id="soft hyphen"),
    pytest.param("sam@example.com", "sam@\u0435xample.com", id="Cyrillic"),
    pytest.param("ma\u00df@example.com", "mass@example.com", id="sharp s"),
    pytest.param("zo\u00eb@example.com", "zoe@example.com", id="accent"),
]


@pytest.fixture(autouse=True)
def _folding_database(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_collation("folding", _compare)
        monkeypatch.setitem(connection.operators, "iexact", "= %s COLLATE folding")
    # The search is compiled once per process, with the operator of the time.
    local_users._statement.cache_clear()
    yield
    local_users._statement.cache_clear()


def _compare(one: str, other: str) -> int:
    one, other = _folded(one), _folded(other)
    return (one > other) - (one < other)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.upper()).casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def test_this_database_finds_look_alikes(make_user: MakeUser) -> None:
    make_user("sam@example.com")
    assert get_user_model()._default_manager.filter(email__iexact="\u017fam@example.com").exists()


@pytest.mark.matrix
@pytest.mark.parametrize(("local", "confirmed"), LOOK_ALIKES)
def test_the_owner_of_a_look_alike_is_another_user(
    client: Client, make_user: MakeUser, local: str, confirmed: str
) -> None:
    victim = make_user(local)
    come_as(client, confirmed)
    assert signed_in_as(client) != str(victim.pk)
    assert not CorbadoAccount.objects.filter(user=victim).exists()


@pytest.mark.matrix
@pytest.mark.parametrize(("confirmed", "local"), LOOK_ALIKES)
def test_a_look_alike_leads_into_no_other_account(
    client: Client, make_user: MakeUser, confirmed: str, local: str
) -> None:
    attacker = make_user(local)
    come_as(client, confirmed)
    assert signed_in_as(client) != str(attacker.pk)


def test_a_look_alike_beside_the_victim_makes_nothing_ambiguous(
    client: Client, make_user: MakeUser
) -> None:
    sam = make_user("sam@example.com")
    make_user("\u017fam@example.com", user_name="second")
    come_as(client, "SAM@example.com")
    assert signed_in_as(client) == str(sam.pk)
