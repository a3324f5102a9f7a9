"""Which indexes the table of users has, and whether a query uses one."""

from __future__ import annotations

import itertools

from django.contrib.auth import get_user_model
from django.db import connection, transaction

NUMBERS = itertools.count()


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(
            cursor, get_user_model()._meta.db_table
        )
    return {name for name, each in constraints.items() if each["index"]}


def table() -> str:
    return connection.ops.quote_name(get_user_model()._meta.db_table)


def reads_everybody(sql: str) -> bool:
    """Ask the database whether it has to read the whole user table for this query."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        # New text each time: SQLite explains a statement that it has kept by the schema of before.
        query_plan = "QUERY PLAN" if connection.vendor == "sqlite" else ""
        cursor.execute(f"EXPLAIN {query_plan} /* {next(NUMBERS)} */ {sql}")
        rows = cursor.fetchall()
        if connection.vendor == "mysql":
            columns = [column[0] for column in cursor.description]
            return any(dict(zip(columns, row, strict=True))["key"] is None for row in rows)
    plan = "\n".join(str(row[-1]) for row in rows)
    return "Seq Scan" in plan or "SCAN " in plan
