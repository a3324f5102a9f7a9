"""Users whose address is stored with spaces around it, as imports leave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from corbado_auth.local_users import (
    count_spaced_addresses,
    shared_addresses,
    users_with_email,
)
from tests.support.refusals import ADA
from tests.support.vouching import assert_refused, come_as, only_user, signed_in_as

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db

STORED = {
    "one before": f" {ADA}",
    "one after": f"{ADA} ",
    "two before": f"  {ADA}",
    "two after": f"{ADA}  ",
    "tab before": f"\t{ADA}",
    "tabs and a space before": f"\t\t \t{ADA}",
    "tab after": f"{ADA}\t",
    "line ends": f"\r\n{ADA}\r\n",
    "all around": f" \t {ADA}\n \v\f",
    "capitals": "   Ada@Example.COM\t",
    "no-break space before": f"\xa0{ADA}",
    "no-break space after": f"{ADA}\xa0",
}


@pytest.fixture(params=STORED.values(), ids=STORED)
def ada(make_user: MakeUser, request: pytest.FixtureRequest) -> Any:
    return make_user(request.param)


@pytest.mark.matrix
def test_a_confirmed_address_links_the_user(client: Client, ada: Any) -> None:
    come_as(client, ADA)
    assert signed_in_as(client) == str(only_user().pk) == str(ada.pk)


@pytest.mark.usefixtures("ada")
def test_an_unconfirmed_address_creates_no_second_user(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert_refused(come_as(client, ("Ada@example.com", "pending")), caplog, "account_exists")
    assert only_user()


@pytest.mark.postgresql
@pytest.mark.parametrize("collation", ["C", "en-x-icu", "de-x-icu", "ignores_case"])
@pytest.mark.usefixtures("ada")
def test_they_are_found_under_every_collation(collation: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE COLLATION ignores_case"
            " (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
        cursor.execute(
            f'ALTER TABLE auth_user ALTER COLUMN email TYPE varchar(254) COLLATE "{collation}"'
        )
    assert users_with_email([ADA], using="default") == [only_user()]
    assert count_spaced_addresses(using="default") == 1
    assert shared_addresses(using="default") == frozenset()


@pytest.mark.parametrize(
    "other", [f"{ADA}!", f"!{ADA}", f"_{ADA}", f"x {ADA}", f"{ADA} x", f"  x{ADA}"]
)
def test_an_address_with_anything_else_around_it_is_of_someone_else(
    client: Client, make_user: MakeUser, other: str
) -> None:
    robin = make_user(other, username="robin")
    come_as(client, ADA)
    assert signed_in_as(client) not in {None, str(robin.pk)}
    assert get_user_model()._default_manager.count() == 2
