"""An index for finding rows by how a text begins, on each kind of database."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement

__all__ = ["BeginningIndex"]


class BeginningIndex(models.Index):
    """An index on one text field that serves ``iexact`` and ``istartswith``.

    On PostgreSQL, Django compares ``UPPER(field)``, and only an index with ``text_pattern_ops``
    finds a beginning under every collation. MariaDB and MySQL use an ordinary one. On SQLite none
    finds a beginning, since Django names an escape character.
    """

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **kwargs: Any,
    ) -> Statement:
        """Return the statement that creates it."""
        statement: Any = super().create_sql(model, schema_editor, using=using, **kwargs)
        (name,) = self.fields
        field: Any = model._meta.get_field(name)
        if schema_editor.connection.vendor == "postgresql":
            column = schema_editor.quote_name(field.column)
            # PostgreSQL refuses these operators for a collation of the site's that ignores case.
            operators = "" if getattr(field, "db_collation", None) else " text_pattern_ops"
            statement.parts["columns"] = f"(UPPER({column})){operators}"
        created: Statement = statement
        return created
