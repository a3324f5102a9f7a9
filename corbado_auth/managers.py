"""How rows of the site's Corbado project are found, and how two users are linked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import connections, models, router
from django.db.models import F, QuerySet
from django.http import HttpRequest

from .conf import conf
from .signals import send_account_linked

if TYPE_CHECKING:
    from .models import CorbadoAccount

__all__ = ["CorbadoAccountQuerySet", "ProjectQuerySet"]

Row = TypeVar("Row", bound=models.Model, covariant=True)

# Stand where a parameter will be, in the statement that is compiled in advance.
PROJECT_ID, CORBADO_USER_ID = "the project ID", "the Corbado user ID"


class ProjectQuerySet(QuerySet[Row]):
    """Rows that belong to a Corbado project."""

    def in_project(self) -> Self:
        """Return the rows of the site's Corbado project."""
        return self.filter(project_id=conf.CORBADO_PROJECT_ID)

    def current(self) -> Self:
        """Return the rows of the site's Corbado project as they are in the database for writing.

        A replica may not have the row of a moment ago.
        """
        return self.using(router.db_for_write(self.model)).in_project()


class CorbadoAccountQuerySet(ProjectQuerySet["CorbadoAccount"]):
    """Accounts: how to find them, and how to link users."""

    def for_user(self, user: Any) -> CorbadoAccount | None:
        """Return the current account of a local user, or None."""
        return self.current().filter(user_id=user.pk).first()

    def for_corbado_user(self, corbado_user_id: str) -> CorbadoAccount | None:
        """Return the current account of a Corbado user with its local user, in one query, or None.

        The account's other fields are read when they are accessed.
        """
        using = router.db_for_write(self.model)
        for user in _linked_users(corbado_user_id, using):
            # A case-insensitive collation finds more than was asked for.
            if user._corbado_user_id == corbado_user_id:
                values = [user._corbado_account, user._corbado_awaits_proof]
                account = self.model.from_db(using, ["id", "awaits_proof"], values)
                account.user = user
                return account
        return None

    def link(
        self,
        user: AbstractBaseUser,
        corbado_user_id: str,
        *,
        email: str = "",
        request: HttpRequest | None = None,
        created: bool = False,
        **values: Any,
    ) -> CorbadoAccount:
        """Link a local user to a Corbado user: insert the account and send ``account_linked``.

        ``email`` is the address that Corbado has confirmed; without one the first sign-in has to
        confirm it, unless ``values``, other fields, say otherwise (``awaits_proof``). Raises
        IntegrityError if one of the two is linked already; run it in ``atomic()`` to go on then.
        """
        account = self._account(user, corbado_user_id, email, **values)
        account.save(using=router.db_for_write(self.model), force_insert=True)
        send_account_linked(account, request=request, created=created)
        return account

    def link_many(self, links: Iterable[tuple[AbstractBaseUser, str, str]]) -> None:
        """Link many users like ``link``, given (user, Corbado user ID, email at Corbado)."""
        accounts = [self._account(*each) for each in links]
        using = router.db_for_write(self.model)
        if connections[using].features.can_return_rows_from_bulk_insert:
            self.using(using).bulk_create(accounts)
        else:
            # Receivers of account_linked want the primary key.
            for account in accounts:
                account.save(using=using, force_insert=True)
        for account in accounts:
            send_account_linked(account)

    def _account(
        self, user: AbstractBaseUser, corbado_user_id: str, email: str, **values: Any
    ) -> CorbadoAccount:
        return self.model(
            user=user,  # type: ignore[misc]  # AUTH_USER_MODEL is the site's
            project_id=conf.CORBADO_PROJECT_ID,
            corbado_user_id=corbado_user_id,
            email=email,
            **{"awaits_proof": not email, **values},
        )


# The lookup of every sign-in --------------------------------------------------------------------


def _linked_users(corbado_user_id: str, using: str) -> Iterable[Any]:
    """Return the local users whom the database takes for those of a Corbado user, in one query.

    Each has the account's primary key (``_corbado_account``) and its ``_corbado_user_id``.
    """
    statement = _statement(using)
    if statement is None:
        return _queryset(conf.CORBADO_PROJECT_ID, corbado_user_id, using)
    sql, parameters = statement
    given = {PROJECT_ID: conf.CORBADO_PROJECT_ID, CORBADO_USER_ID: corbado_user_id}
    return _users(using).raw(sql, [given.get(each, each) for each in parameters])


@lru_cache
def _statement(using: str) -> tuple[str, Sequence[Any]] | None:
    """Let the ORM compile the query once: it would be the most expensive step of a sign-in.

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
        _corbado_awaits_proof=F("corbado_accounts__awaits_proof"),
    )
    return annotated


def _users(using: str) -> QuerySet[Any]:
    """Return all users, bypassing the managers of the site's model."""
    return QuerySet(get_user_model(), using=using)
