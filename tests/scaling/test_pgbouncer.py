"""PgBouncer in transaction mode stands before PostgreSQL: six connections for everyone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scaling.people import ADD_USER
from tests.scaling.scenarios import SCENARIOS, THROUGH_PGBOUNCER, Outcome, play
from tests.scaling.servers import Farm

# More than one page of the walk over the users.
USERS = 450


@pytest.fixture(scope="module")
def outcome(farm: Farm) -> Outcome:
    """Let everyone come while nothing happens."""
    return play(farm, replace(SCENARIOS[0], blocks=THROUGH_PGBOUNCER))


def test_everybody_is_signed_in_at_once(outcome: Outcome) -> None:
    assert outcome.rows() == [("", "at once", len(outcome.visits))]
    assert outcome.half_made == []
    assert not any(visit.is_foreign for visit in outcome.visits)


def test_users_move_over(farm: Farm) -> None:
    with farm.database() as database:
        for number in range(USERS):
            database.execute(ADD_USER, [f"mover{number}", f"mover{number}@example.com"])
    done = farm.manage(
        "corbado_migrate_users", "--rate=10000", "--concurrency=8", "--verbosity=0",
        env=farm.env(*THROUGH_PGBOUNCER),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ((moved,),) = farm.rows(
        "SELECT count(*) FROM corbado_auth_corbadoaccount AS a JOIN auth_user AS u "
        "ON u.id = a.user_id WHERE u.username LIKE 'mover%'"
    )
    assert moved == USERS


def test_the_index_is_made(farm: Farm) -> None:
    done = farm.manage("corbado_email_index", env=farm.env(*THROUGH_PGBOUNCER))
    assert done.returncode == 0, done.stdout + done.stderr
    assert farm.rows("SELECT 1 FROM pg_class WHERE relname LIKE 'corbado_auth_email%'") == [(1,)]
