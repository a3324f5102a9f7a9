"""Models and migrations agree, forward and backward."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.matrix


@pytest.mark.django_db
def test_no_model_change_is_without_a_migration() -> None:
    call_command("makemigrations", "corbado_auth", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_migrations_go_backward_and_forward_again() -> None:
    table = "corbado_auth_corbadoaccount"
    call_command("migrate", "corbado_auth", "zero", verbosity=0)
    assert table not in connection.introspection.table_names()
    call_command("migrate", "corbado_auth", verbosity=0)
    assert table in connection.introspection.table_names()


@pytest.mark.django_db
def test_there_is_one_newest_migration() -> None:
    graph = MigrationExecutor(connection).loader.graph
    assert len(graph.leaf_nodes("corbado_auth")) == 1
