"""The lookup of every sign-in: which local user is tied to a Corbado user."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, QuerySet

__all__ = ["tied_users"]

# Stand where a parameter will be, in the statement that is worded in advance.
PROJECT_ID, CORBADO_USER_ID = "the project ID", "the Corbado user ID"


def tied_users(project_id: str, corbado_user_id: str, *, using: str) -> Iterable[Any]:
    """Return the users whom the database takes for those of a Corbado user, in one query.

    Each has the account's primary key (``_corbado_account``) and its ``_corbado_user_id``, which a
    case-insensitive collation may have found for another.
    """
    statement = _statement(using)
    if statement is None:
        return _queryset(project_id, corbado_user_id, using)
    sql, parameters = statement
    given = {PROJECT_ID: project_id, CORBADO_USER_ID: corbado_user_id}
    return _users(using).raw(sql, [given.get(each, each) for each in parameters])


@lru_cache
def _statement(using: str) -> tuple[str, tuple[Any, ...]] | None:
    """Let the ORM word the query once: at every sign-in it would be the dearest of all.

    None where the columns of a row could not be told apart by their names.
    """
    columns = [field.column for field in get_user_model()._meta.concrete_fields]
    if len(set(columns)) < len(columns):
        return None  # Of a model and its parent, say.
    query = _queryset(PROJECT_ID, CORBADO_USER_ID, using).query
    sql, parameters = query.get_compiler(using).as_sql()
    return sql, tuple(parameters)


def _queryset(project_id: str, corbado_user_id: str, using: str) -> QuerySet[Any]:
    found = _users(using).filter(
        corbado_accounts__project_id=project_id, corbado_accounts__corbado_user_id=corbado_user_id
    )
    annotated: QuerySet[Any] = found.annotate(
        _corbado_account=F("corbado_accounts__pk"),
        _corbado_user_id=F("corbado_accounts__corbado_user_id"),
    )
    return annotated


def _users(using: str) -> QuerySet[Any]:
    """Return all users, past the managers of the site's model."""
    return QuerySet(get_user_model(), using=using)
