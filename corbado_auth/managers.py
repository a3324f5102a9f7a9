"""Querysets: finding the rows of the site's Corbado project, and linking users."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import connections, models, router, transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from .conf import conf
from .events import log_event
from .handles import new_handle
from .local_users import manager_is_plain
from .signals import account_linked
from .statements import Statement, insert

if TYPE_CHECKING:
    from .models import ConnectAccount, CorbadoAccount

__all__ = [
    "BY_CORBADO_USER_ID",
    "BY_HANDLE",
    "ConnectAccountQuerySet",
    "CorbadoAccountQuerySet",
    "ProjectQuerySet",
    "compile_lookup",
]

Row = TypeVar("Row", bound=models.Model, covariant=True)

# Placeholders for parameters, in the statement that is compiled in advance.
PROJECT_ID, KEY = "the project ID", "the account's key"


class ProjectQuerySet(QuerySet[Row]):
    """Rows that belong to a Corbado project."""

    def in_project(self) -> Self:
        """Return the rows of the site's Corbado project."""
        return self.filter(project_id=conf.CORBADO_PROJECT_ID)

    def current(self) -> Self:
        """Return the rows of the site's Corbado project, read from the database for writing.

        A replica may not have the latest rows yet.
        """
        return self.using(router.db_for_write(self.model)).in_project()


class CorbadoAccountQuerySet(ProjectQuerySet["CorbadoAccount"]):
    """A queryset of accounts, which also links users."""

    def for_user(self, user: Any) -> CorbadoAccount | None:
        """Return the current account of a local user, or None."""
        return self.current().filter(user_id=user.pk).first()

    def for_corbado_user(self, corbado_user_id: str) -> CorbadoAccount | None:
        """Return the current account of a Corbado user with its local user, in one query, or None.

        The account's other fields are deferred.
        """
        using = router.db_for_write(self.model)
        project_id = conf.CORBADO_PROJECT_ID
        for user, read in _linked_users(BY_CORBADO_USER_ID, project_id, corbado_user_id, using):
            # A case-insensitive collation may match more than was asked for.
            if read.key == corbado_user_id:
                account = self.model.from_db(using, ["id", "awaits_proof"], [read.id, read.more])
                account.user = user
                return account
        return None

    def is_hidden(self, corbado_user_id: str) -> bool:
        """Return whether there is an account whose local user is hidden by the default manager."""
        if manager_is_plain(router.db_for_write(self.model)):
            return False
        return self.current().filter(corbado_user_id=corbado_user_id).exists()

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

        ``email`` is the address that Corbado has confirmed; without one, the first sign-in has to
        confirm it, unless ``values`` (other fields) say otherwise (``awaits_proof``). Raises
        IntegrityError if one of the two is linked already; wrap it in ``atomic()`` to go on after
        that.
        """
        account = self._account(user, corbado_user_id, email, is_new_user=created, **values)
        insert(account, using=router.db_for_write(self.model))
        _send_account_linked(account, request=request, created=created)
        return account

    def relink(self, account: CorbadoAccount, user: AbstractBaseUser) -> None:
        """Give a link to another local user, and send ``account_linked``.

        Raises IntegrityError if that one is linked already.
        """
        using = router.db_for_write(self.model)
        self.using(using).filter(pk=account.pk).update(
            user=user, created_for_email=None, is_new_user=False
        )
        fresh = self.using(using).select_related("user").get(pk=account.pk)
        _send_account_linked(fresh)

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
            _send_account_linked(account)

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


def _send_account_linked(
    account: CorbadoAccount, *, request: HttpRequest | None = None, created: bool = False
) -> None:
    """Send ``account_linked`` for a row just written, once its transaction is through."""

    def send() -> None:
        log_event(
            logging.INFO,
            "Linked: Corbado user %s and local user %s",
            account.corbado_user_id,
            account.user_id,
            event="account_linked",
            corbado_user_id=account.corbado_user_id,
        )
        account_linked.send_robust(
            sender=type(account), request=request, account=account, created=created
        )

    transaction.on_commit(send, using=account._state.db)


class ConnectAccountQuerySet(ProjectQuerySet["ConnectAccount"]):
    """A queryset of accounts at Connect, which also creates them."""

    def in_project(self) -> Self:
        """Return the rows of the site's Connect project."""
        return self.filter(project_id=conf.CORBADO_CONNECT_PROJECT_ID)

    def for_user(self, user: Any) -> ConnectAccount | None:
        """Return the current account of a local user, or None."""
        return self.current().filter(user_id=user.pk).first()

    def has_passkey(self, user: Any) -> bool:
        """Return whether a local user has signed in with a passkey, or has added one.

        An account alone says nothing: opening the empty list of passkeys creates one.
        """
        added = Q(
            user__corbado_passkey_nudges__answer="added",
            user__corbado_passkey_nudges__project_id=conf.CORBADO_PROJECT_ID,
        )
        has_one = Q(first_sign_in_at__isnull=False) | added
        return self.current().filter(has_one, user_id=user.pk).exists()

    def for_handle(self, handle: str) -> ConnectAccount | None:
        """Return the account with this handle and its local user, in one query, or None.

        The account's other fields are deferred.
        """
        using = router.db_for_write(self.model)
        for user, read in _linked_users(BY_HANDLE, conf.CORBADO_CONNECT_PROJECT_ID, handle, using):
            # A case-insensitive collation may match more than was asked for.
            if read.key == handle:
                values = [read.id, handle, read.more]
                account = self.model.from_db(using, ["id", "handle", "corbado_user_id"], values)
                account.user = user
                return account
        return None

    def get_or_link(self, user: AbstractBaseUser) -> ConnectAccount:
        """Return the account of a local user, creating it if there is none yet.

        Raises IntegrityError if the identifier that the site's own function returns for this user
        already belongs to someone else.
        """
        account, _created = self.current().get_or_create(
            user_id=user.pk,
            project_id=conf.CORBADO_CONNECT_PROJECT_ID,
            defaults={"handle": new_handle(user), "is_new_user": _has_just_signed_up(user)},
        )
        return account


def _has_just_signed_up(user: Any) -> bool:
    """Return whether the user is less than a day old, as far as the user model tells."""
    joined = getattr(user, "date_joined", None)
    return isinstance(joined, datetime) and timezone.now() - joined < timedelta(days=1)


# The lookup of every sign-in ---------------------------------------------------------------------


class _Key(NamedTuple):
    """What an account is looked up by: the relation from the user, and a field of the account.

    ``more`` is another field to read along with it.
    """

    relation: str
    field: str
    more: str


BY_CORBADO_USER_ID = _Key("corbado_accounts", "corbado_user_id", "awaits_proof")
BY_HANDLE = _Key("connect_accounts", "handle", "corbado_user_id")


class _Read(NamedTuple):
    """What is read of an account: its primary key, what it was looked up by, and ``_Key.more``."""

    id: Any
    key: str
    more: Any


def _linked_users(
    key: _Key, project_id: str, value: str, using: str
) -> Iterator[tuple[Any, _Read]]:
    """Yield the local users of the accounts that match in the database, in one query.

    They come from the default manager, as at the next request: users whom it hides cannot sign in,
    and the others have the class that it returns.
    """
    model = get_user_model()
    if not manager_is_plain(using):
        for user in _queryset(model._default_manager.using(using), key, project_id, value):
            yield user, _Read(*(getattr(user, f"_account_{name}") for name in _Read._fields))
        return
    statement = _statement(key, using)
    number = len(statement.fields)
    for row in statement.rows({PROJECT_ID: project_id, KEY: value}):
        yield model.from_db(using, statement.fields, row[:number]), _Read(*row[number:])


def compile_lookup(key: _Key, using: str) -> None:
    """Compile the query now, so that the first sign-in of a process need not."""
    if manager_is_plain(using):
        _statement(key, using)


@lru_cache
def _statement(key: _Key, using: str) -> Statement:
    """Compile the query once: doing so each time would be the most expensive step of a sign-in."""
    users = get_user_model()._default_manager.using(using)
    return Statement.of(_queryset(users, key, PROJECT_ID, KEY))


def _queryset(users: QuerySet[Any], key: _Key, project_id: str, value: str) -> QuerySet[Any]:
    relation, field, more = key
    found = users.filter(**{f"{relation}__project_id": project_id, f"{relation}__{field}": value})
    read = {"_account_id": "pk", "_account_key": field, "_account_more": more}
    annotated: QuerySet[Any] = found.annotate(
        **{name: F(f"{relation}__{each}") for name, each in read.items()}
    )
    return annotated
