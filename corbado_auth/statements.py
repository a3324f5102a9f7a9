"""Statements that run at every sign-in, and take longer to compile than the database needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, models, router, transaction
from django.db.models import AutoField, QuerySet
from django.db.models.signals import post_save, pre_save
from django.db.models.sql import Query

__all__ = ["Statement", "cheap_save", "insert", "insert_values"]

TEXTS = {models.CharField, models.TextField}
# What a model, or a package, replaces to have a part in saving users. Two of these names are
# private to Django, and only compared.
STEPS = {
    name: getattr(AbstractBaseUser, name)
    for name in ("save", "save_base", "_save_table", "_do_update")
}


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
    """Insert a new row, and set its primary key if the database chooses it.

    Like ``save()``, which takes longer than the database does: it prepares for much that a new row
    does not need, and compiles the statement each time. Where the site listens to the signals of
    this model, or an INSERT cannot return that key (MySQL), it is ``save()``.
    """
    connection, model = connections[using], type(row)
    is_numbered = row.pk is None
    returns_key = connection.features.can_return_rows_from_bulk_insert
    if _is_listened_to(model) or (is_numbered and not returns_key):
        row.save(force_insert=True, using=using)
        return
    statement, fields = _insertion(model, using, is_numbered)
    values = [each.get_db_prep_save(each.pre_save(row, True), connection) for each in fields]
    with transaction.mark_for_rollback_on_error(using), connection.cursor() as cursor:
        cursor.execute(statement, values)
        if is_numbered:
            (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, using


def insert_values(model: type[models.Model], *, using: str, **values: Any) -> None:
    """Insert a row that nobody needs as an instance, given the values of all its columns.

    Like ``insert``, for models whose fields set nothing themselves, such as the time.
    """
    if _is_listened_to(model):
        model(**values).save(force_insert=True, using=using)
        return
    connection = connections[using]
    statement, fields = _insertion(model, using, False)
    taken = [_as_stored(values[each.attname], each, connection) for each in fields]
    with transaction.mark_for_rollback_on_error(using), connection.cursor() as cursor:
        cursor.execute(statement, taken)


def _is_listened_to(model: type[models.Model]) -> bool:
    return pre_save.has_listeners(model) or post_save.has_listeners(model)


@lru_cache
def _insertion(model: Any, using: str, returns_key: bool) -> tuple[str, list[Any]]:
    """Return the statement, and the fields of its values."""
    quote, meta = connections[using].ops.quote_name, model._meta
    fields = [each for each in meta.concrete_fields if not isinstance(each, AutoField)]
    columns = ", ".join(quote(each.column) for each in fields)
    placeholders = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({placeholders})"  # noqa: S608
    if returns_key:
        statement += f" RETURNING {quote(meta.pk.column)}"
    return statement, fields


def _as_stored(value: Any, field: Any, connection: Any) -> Any:
    """Return a value as the driver takes it; the field itself would take longer to say the same."""
    if type(field) in TEXTS and type(value) is str:
        return value
    if type(field) is models.DateTimeField and type(value) is datetime:
        return connection.ops.adapt_datetimefield_value(value)
    return field.get_db_prep_save(value, connection)


@contextmanager
def cheap_save(row: models.Model, field: str) -> Iterator[None]:
    """Make the next ``row.save(update_fields=[field])`` in this block one plain UPDATE.

    The signals of ``save()`` are sent; what is left out is what it prepares and compiles each time,
    which takes longer than the database does. Any other call, and every model that takes part in
    how its rows are saved, goes Django's way.
    """
    if "save" in vars(row) or not _is_saved_by_django_alone(type(row)):
        yield
        return
    row.save = partial(_save, row, field)  # type: ignore[method-assign]
    try:
        yield
    finally:
        vars(row).pop("save", None)


def _save(row: models.Model, field: str, *args: Any, **kwargs: Any) -> None:
    del row.save  # Once: whoever gets the row from now on saves it as always.
    if args or kwargs != {"update_fields": [field]} or not _update(row, field):
        row.save(*args, **kwargs)


def _update(row: models.Model, name: str) -> bool:
    """Write one field, as ``save_base()`` does; return False if the row is gone."""
    model, meta = type(row), row._meta
    using = router.db_for_write(model, instance=row)
    connection = connections[using]
    field: Any = meta.get_field(name)
    told = {"instance": row, "raw": False, "using": using, "update_fields": frozenset([name])}
    pre_save.send(sender=model, **told)
    names = (meta.db_table, field.column, meta.pk.column)
    table, column, key = map(connection.ops.quote_name, names)
    values = [
        field.get_db_prep_save(field.pre_save(row, False), connection),
        meta.pk.get_db_prep_save(row.pk, connection),
    ]
    statement = f"UPDATE {table} SET {column} = %s WHERE {key} = %s"  # noqa: S608
    with transaction.mark_for_rollback_on_error(using), connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != 1:
            return False
    row._state.adding, row._state.db = False, using
    post_save.send(sender=model, created=False, **told)
    return True


def _is_saved_by_django_alone(model: type[models.Model]) -> bool:
    """Return whether nothing but Django's own code saves a user: one table, no method replaced."""
    is_djangos = all(getattr(model, name, None) is step for name, step in STEPS.items())
    return is_djangos and not model._meta.parents and type(model._base_manager) is models.Manager
