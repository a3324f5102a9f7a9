"""The index that lookups by address need, on a table of the site's.

Django's ``iexact`` is ``UPPER(email::text) = UPPER(…)`` on PostgreSQL, and ``email LIKE …`` on the
others, so an ordinary index on the address helps neither PostgreSQL nor SQLite. Whether an index
works is not guessed from its definition: the database is asked how it would run the query
(EXPLAIN), so an index of the site's own counts, whatever its name, and an invalid one does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, cast

from django.contrib.auth import get_user_model
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Collate, Upper

from .local_users import candidates, email_field_name
from .models import db_for_write

__all__ = ["NAME", "SMALL", "EmailIndex", "Leftover"]

NAME = "corbado_auth_email"
# Up to this many users, reading all of them takes a few milliseconds, and no index is suggested.
SMALL = 10_000
# The address to explain a lookup of: shorter than any address, and part of no column's name.
PROBE = "@"

RECIPES: dict[str, Callable[[str], models.Index]] = {
    "postgresql": lambda field: models.Index(Upper(field), name=NAME),
    "sqlite": lambda field: models.Index(Collate(field, "nocase"), name=NAME),
    "mysql": lambda field: models.Index(fields=[field], name=NAME),
}
LEFTOVER = """
    SELECT index.oid::regclass::text, pg_index.indisvalid, EXISTS (
        SELECT 1 FROM pg_stat_progress_create_index WHERE index_relid = index.oid
    )
    FROM pg_index JOIN pg_class AS index ON index.oid = pg_index.indexrelid
    WHERE index.relname = %s AND pg_index.indrelid = to_regclass(%s)
"""
FIRST_KEYS = """
    SELECT quote_ident(index.relname), pg_get_indexdef(index.oid, 1, false),
           pg_index.indisvalid AND pg_index.indpred IS NULL
    FROM pg_index JOIN pg_class AS index ON index.oid = pg_index.indexrelid
    JOIN pg_am ON pg_am.oid = index.relam
    WHERE pg_index.indrelid = to_regclass(%s) AND pg_am.amname = 'btree'
"""


@dataclass(frozen=True, slots=True)
class Leftover:
    """An existing index with our name; ``sql_name`` is quoted."""

    sql_name: str
    is_valid: bool
    is_being_made: bool


class EmailIndex:
    """The index on the site's email field, in the database that sign-ins use."""

    def __init__(self, field: models.Field[Any, Any], using: str) -> None:
        self.using = using
        self.connection: BaseDatabaseWrapper = connections[using]
        # With multi-table inheritance, the model whose table has the column.
        self.model: type[models.Model] = field.model
        self._field = field
        recipe = RECIPES.get(self.connection.vendor)
        self._index = recipe(field.name) if recipe else None

    @classmethod
    def of_site(cls) -> Self | None:
        """Return the index of this site, or None if the user model has no email field."""
        name = email_field_name()
        if name is None:
            return None
        return cls(cast("Any", get_user_model()._meta.get_field(name)), db_for_write())

    @property
    def table(self) -> str:
        """The quoted name of the table."""
        return self.connection.ops.quote_name(self.model._meta.db_table)

    @property
    def is_known(self) -> bool:
        """Return whether we know which index a database of this kind needs."""
        return self._index is not None

    def is_large(self) -> bool:
        """Return whether there are so many users that lookups without an index are slow."""
        users = self.model._base_manager.using(self.using).order_by()
        return users.values("pk")[SMALL : SMALL + 1].exists()

    def serves(self) -> bool:
        """Return whether the database uses an index, ours or another, for lookups by address."""
        if self.connection.vendor == "mysql":
            return self._begins_an_index()
        lookup = candidates([PROBE], using=self.using)
        column = re.escape(str(self._field.column).replace('"', '""'))
        if self.connection.vendor == "sqlite":
            return bool(re.search(rf"SEARCH .*\({column}[<=>]", lookup.explain()))
        with transaction.atomic(using=self.using):
            with self.connection.cursor() as cursor:
                # The planner scans a small table anyway; the question is whether it has to.
                cursor.execute("SET LOCAL enable_seqscan = off")
            plan = lookup.explain()
            transaction.set_rollback(True, using=self.using)
        # The plan looks the same for an index that begins with something else, or is of another
        # kind, and is read in full. And in a small table it may show a bad index next to a good
        # one.
        with self.connection.cursor() as cursor:
            cursor.execute(FIRST_KEYS, [self.table])
            keys = [key for name, key, is_whole in cursor if is_whole or f" {name} " in plan]
        address = rf"upper\(.*{column}"
        is_asked = re.search(rf"Index Cond: .*{address}", plan)
        return bool(is_asked) and any(re.search(address, key) for key in keys)

    def statements(self) -> list[str]:
        """Return the SQL that is left to run, ready to be typed; an empty list if all is well."""
        if self._index is None:
            return []
        serves = self.serves()
        statements = []
        leftover = self.leftover()
        if leftover and not (leftover.is_valid and serves):
            statements.append(f"DROP INDEX CONCURRENTLY IF EXISTS {leftover.sql_name};")
        if serves:
            return statements
        postgresql = self.connection.vendor == "postgresql"
        # Concurrently, so that sign-ups and other writes do not have to wait.
        options: dict[str, Any] = {"concurrently": True} if postgresql else {}
        editor = self.connection.schema_editor(atomic=False)
        statements.append(f"{self._index.create_sql(self.model, editor, **options)};")
        if postgresql:
            # Or PostgreSQL would go on guessing how many users share an address.
            statements.append(f"ANALYZE {self.table};")
        return statements

    def leftover(self) -> Leftover | None:
        """Return the index with our name; PostgreSQL keeps an invalid one of a stopped run."""
        if self.connection.vendor != "postgresql":
            return None
        with self.connection.cursor() as cursor:
            cursor.execute(LEFTOVER, [NAME, self.table])
            row = cursor.fetchone()
        return Leftover(*row) if row else None

    def _begins_an_index(self) -> bool:
        with self.connection.cursor() as cursor:
            constraints = self.connection.introspection.get_constraints(
                cursor, self.model._meta.db_table
            )
        return any(
            # A FULLTEXT index has another type.
            each.get("type") == models.Index.suffix and each["columns"][:1] == [self._field.column]
            for each in constraints.values()
        )
