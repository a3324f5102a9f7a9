"""What may be in the way of the index: odd names, half an index of a stopped run, other columns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, connections, models, transaction
from django.db.models.functions import Upper

from corbado_auth.email_index import NAME
from corbado_auth.local_users import (
    users_with_email,
)
from tests.accounts.test_email_index import (
    ADA,
    add,
    indexes,
    run,
    site_index,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("leave_no_index")]
MakeUser = Callable[..., Any]


@pytest.fixture
def odd_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give table and column of the user model names that have to be quoted."""
    meta, field = get_user_model()._meta, get_user_model()._meta.get_field("email")
    plain, odd = (meta.db_table, field.column), ("Site users (old)", "E-Mail of user")
    quoted = connection.ops.quote_name

    def rename(old: tuple[str, str], new: tuple[str, str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {quoted(old[0])} RENAME TO {quoted(new[0])}")
            cursor.execute(
                f"ALTER TABLE {quoted(new[0])} RENAME COLUMN {quoted(old[1])} TO {quoted(new[1])}"
            )
        for each in meta.fields:
            each.__dict__.pop("cached_col", None)

    rename(plain, odd)
    with monkeypatch.context() as patch:
        patch.setattr(meta, "db_table", odd[0])
        patch.setattr(field, "column", odd[1])
        yield
    rename(odd, plain)


@pytest.mark.usefixtures("odd_names")
def test_names_that_have_to_be_quoted_are_quoted() -> None:
    assert not site_index().serves()
    assert run()[2] == 0
    assert site_index().serves()
    assert "Nothing to do" in run()[0]


def leave_half_an_index(make_user: MakeUser) -> None:
    """Leave an invalid index behind on PostgreSQL, as a stopped run does."""
    make_user(ADA, username="one")
    make_user(ADA, username="two")
    with connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute(f'CREATE UNIQUE INDEX CONCURRENTLY "{NAME}" ON auth_user ((UPPER(email)))')
    assert NAME in indexes()


@pytest.mark.postgresql
def test_half_an_index_does_not_count_and_is_replaced(make_user: MakeUser) -> None:
    leave_half_an_index(make_user)
    assert not site_index().serves()
    output, _said, code = run()
    assert code == 0
    assert f"DROP INDEX CONCURRENTLY IF EXISTS {NAME};" in output
    assert site_index().serves()
    assert site_index().leftover().is_valid  # type: ignore[union-attr]


@pytest.mark.postgresql
def test_half_an_index_beside_one_of_the_sites_own_is_removed(make_user: MakeUser) -> None:
    leave_half_an_index(make_user)
    add(models.Index(Upper("email"), name="site_email"))
    assert run()[2] == 0
    assert indexes() & {NAME, "site_email"} == {"site_email"}


@pytest.mark.postgresql
def test_an_index_of_our_name_on_another_column_is_replaced() -> None:
    add(models.Index(Upper("username"), name=NAME))
    assert run()[2] == 0
    assert site_index().serves()


@pytest.mark.postgresql
def test_the_second_run_leaves_the_first_alone(make_user: MakeUser) -> None:
    """An open transaction holds up the first one, as it does in real life."""
    make_user(ADA)
    codes: list[int] = []

    def first() -> None:
        try:
            codes.append(run()[2])
        finally:
            connections.close_all()

    thread = threading.Thread(target=first)
    with transaction.atomic():
        get_user_model().objects.update(last_name="L")
        thread.start()
        deadline = time.monotonic() + 30
        while not ((leftover := site_index().leftover()) and leftover.is_being_made):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # Only looked at: within a transaction it makes none.
        assert not leftover.is_valid
        second: list[tuple[str, str, int]] = []
        other = threading.Thread(target=lambda: (second.append(run()), connections.close_all()))
        other.start()
        other.join(30)
    thread.join(30)
    assert codes == [0]
    assert second[0][2] == 1
    assert "Another session is creating" in second[0][1]


INSENSITIVE = {
    "citext": ["CREATE EXTENSION IF NOT EXISTS citext", "citext"],
    "collation": [
        "CREATE COLLATION IF NOT EXISTS any_case "
        "(provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "varchar(254) COLLATE any_case",
    ],
}


@pytest.mark.postgresql
@pytest.mark.parametrize(("prepare", "kind"), INSENSITIVE.values(), ids=INSENSITIVE)
def test_a_column_that_ignores_case_by_itself_needs_the_index_all_the_same(
    make_user: MakeUser, prepare: str, kind: str
) -> None:
    """Django compares UPPER(email::text), so a unique index on the column itself is no help."""
    column = "ALTER TABLE auth_user ALTER COLUMN email TYPE"
    with connection.cursor() as cursor:
        cursor.execute(prepare)
        cursor.execute(f"{column} {kind}")
        try:
            cursor.execute("CREATE UNIQUE INDEX site_email ON auth_user (email)")
            ada = make_user("Ada_L@Example.com")
            assert not site_index().serves()
            assert run()[2] == 0
            assert site_index().serves()
            assert users_with_email([ADA], using="default") == [ada]
        finally:
            cursor.execute(f"DROP INDEX IF EXISTS {NAME}, site_email")
            cursor.execute(f'{column} varchar(254) COLLATE "default"')
