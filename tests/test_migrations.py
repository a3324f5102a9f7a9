"""Models and migrations agree, forward and backward, with rows in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps.registry import Apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from tests.support.users.factory import create_user

pytestmark = pytest.mark.matrix

APP = "corbado_auth"
MIGRATIONS = sorted(name for app, name in MigrationLoader(None).disk_migrations if app == APP)
PROJECT = "pro-1"


def migrate_to(name: str) -> Apps:
    """Migrate forward or backward; return the models as they are then."""
    executor = MigrationExecutor(connection)
    target = (APP, None if name == "zero" else name)
    return executor.migrate([target]).apps


def tables() -> set[str]:
    """Name the tables of ours that the database has."""
    return {name for name in connection.introspection.table_names() if name.startswith(f"{APP}_")}


def tables_of(apps: Apps) -> set[str]:
    """Name the tables that these models have."""
    return {model._meta.db_table for model in apps.get_app_config(APP).get_models()}


def fill(apps: Apps, user_id: Any) -> None:
    """Put a row into every table of ours, as a site in use has them."""
    rows: dict[str, dict[str, Any]] = {
        "corbadoaccount": {"user_id": user_id, "project_id": PROJECT, "corbado_user_id": "usr-1"},
        "connectaccount": {"user_id": user_id, "project_id": PROJECT, "handle": "h1"},
        "listedsession": {
            "user_id": user_id,
            "session_key": "k1",
            "signed_in_at": timezone.now(),
        },
        "migrationattempt": {"user_id": user_id, "project_id": PROJECT, "outcome": "linked"},
        "migrationlease": {
            "project_id": PROJECT,
            "holder": "process 1",
            "since": timezone.now(),
            "expires_at": timezone.now(),
        },
        "knownpasskeys": {"user_id": user_id, "project_id": PROJECT, "corbado_user_id": "usr-1"},
        "passkeynudge": {
            "user_id": user_id,
            "project_id": PROJECT,
            "quiet_since": timezone.now(),
        },
        "staffinvitation": {
            "user_id": user_id,
            "project_id": PROJECT,
            "digest": "d1",
            "expires_at": timezone.now(),
        },
        "signinrecord": {"user_id": user_id, "outcome": "signed_in"},
        "signinswitch": {"changed_by_id": user_id},
        "pendingdeletion": {"project_id": PROJECT, "corbado_user_id": "usr-2"},
    }
    account = apps.get_model(APP, "corbadoaccount")
    made = account._default_manager.create(**rows["corbadoaccount"])
    rows["passkeyname"] = {"account_id": made.pk, "passkey_id": "cre-1", "name": "Laptop"}
    for model in apps.get_app_config(APP).get_models():
        if model is not account:
            model._default_manager.create(**rows[str(model._meta.model_name)])


def rows_in(apps: Apps) -> dict[str, int]:
    """Count the rows of each table of ours."""
    models = apps.get_app_config(APP).get_models()
    return {model._meta.db_table: model._default_manager.count() for model in models}


@pytest.fixture
def _newest_again(transactional_db: None) -> Iterator[None]:
    """Leave the tables as the other tests expect them."""
    yield
    migrate_to(MIGRATIONS[-1])


@pytest.mark.django_db
def test_no_model_change_is_without_a_migration() -> None:
    call_command("makemigrations", APP, check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_there_is_one_newest_migration() -> None:
    assert MigrationExecutor(connection).loader.graph.leaf_nodes(APP) == [(APP, MIGRATIONS[-1])]


@pytest.mark.usefixtures("_newest_again")
@pytest.mark.parametrize("name", MIGRATIONS)
def test_every_migration_goes_back_to_nothing_and_forth_again_with_rows(name: str) -> None:
    user = create_user("ada@example.com")
    for _time in ("once", "again"):
        apps = migrate_to(name)
        assert tables() == tables_of(apps)
        fill(apps, user.pk)
        migrate_to("zero")
        assert tables() == set()
    # What is not ours stays.
    assert get_user_model()._default_manager.get() == user


@pytest.mark.usefixtures("_newest_again")
@pytest.mark.parametrize("name", MIGRATIONS)
def test_rows_that_are_there_already_survive_the_newer_migrations(name: str) -> None:
    user = create_user("ada@example.com")
    migrate_to("zero")
    apps = migrate_to(name)
    fill(apps, user.pk)
    newest = migrate_to(MIGRATIONS[-1])
    kept = rows_in(newest)
    assert {table: kept[table] for table in rows_in(apps)} == rows_in(apps)
    assert all(rows_in(apps).values())
    back = migrate_to(name)
    assert rows_in(back) == rows_in(apps)


@pytest.mark.usefixtures("_newest_again")
def test_constraints_come_back_with_the_tables() -> None:
    user = create_user("ada@example.com")
    migrate_to("zero")
    apps = migrate_to(MIGRATIONS[-1])
    fill(apps, user.pk)
    with pytest.raises(IntegrityError):
        fill(apps, user.pk)
