"""Statements that run at every sign-in, and take longer to compile than the database needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from django.db import connections, models, transaction
from django.db.models import AutoField, QuerySet
from django.db.models.signals import post_save, pre_save
from django.db.models.sql import Query

__all__ = ["Statement", "insert"]


class Statement(NamedTuple):
    """A query, compiled: its SQL, and what the columns of a row are.

    The model's fields come first, then the annotations. ``columns`` has None for those that the
    database's driver returns as they are, and is empty if it returns all of them so.
    """

    model: type[models.Model]
    using: str
    sql: str
    parameters: tuple[Any, ...]
    fields: tuple[str, ...]
    columns: tuple[Any, ...]

    @classmethod
    def of(cls, queryset: QuerySet[Any]) -> Self:
        """Compile a query, in which placeholders stand for the values that are not known yet."""
        compiler = queryset.query.get_compiler(queryset.db)
        sql, parameters = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        number = len(columns) - len(queryset.query.annotation_select)
        fields = tuple(column.target.attname for column in columns[:number])
        converters = compiler.get_converters(columns)
        converted = [column if n in converters else None for n, column in enumerate(columns)]
        return cls(
            model=queryset.model,
            using=queryset.db,
            sql=sql,
            parameters=tuple(parameters),
            fields=fields,
            columns=tuple(converted) if converters else (),
        )

    def rows(self, given: Mapping[str, str]) -> Iterable[Sequence[Any]]:
        """Run the query with these values in place of the placeholders."""
        with connections[self.using].cursor() as cursor:
            cursor.execute(self.sql, [given.get(each, each) for each in self.parameters])
            rows: Iterable[Sequence[Any]] = cursor.fetchall()
        if self.columns:
            compiler = Query(self.model).get_compiler(self.using)
            rows = compiler.apply_converters(rows, compiler.get_converters(self.columns))
        return rows


def insert(row: models.Model, *, using: str) -> None:
    """Insert a row whose primary key nobody asks for.

    Like ``save()``, which takes longer than the database does: it prepares for much that a new row
    does not need, and compiles the statement each time. Where the site listens to the signals of
    this model, it is ``save()``.
    """
    if pre_save.has_listeners(type(row)) or post_save.has_listeners(type(row)):
        row.save(force_insert=True, using=using)
        return
    connection = connections[using]
    fields = [each for each in row._meta.concrete_fields if not isinstance(each, AutoField)]
    names = [row._meta.db_table, *(str(each.column) for each in fields)]
    table, *columns = map(connection.ops.quote_name, names)
    values = [each.get_db_prep_save(each.pre_save(row, True), connection) for each in fields]
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608
        f" VALUES ({', '.join(['%s'] * len(columns))})"
    )
    with transaction.mark_for_rollback_on_error(using), connection.cursor() as cursor:
        cursor.execute(statement, values)
