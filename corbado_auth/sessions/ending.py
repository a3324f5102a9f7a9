"""Ending all sessions of a person, however they signed in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, get_user_model, logout
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from corbado_auth.api_tokens import revoke_all
from corbado_auth.conf import conf
from corbado_auth.events import log_event
from corbado_auth.models import ConnectAccount, CorbadoAccount, db_for_write
from corbado_auth.session import primary_key

from . import listing, stores

__all__ = [
    "Ended",
    "count_linked",
    "end_other_sessions",
    "end_sessions",
    "end_sessions_of",
    "end_sessions_of_linked",
    "sign_out_everywhere",
    "users_by_key",
]


# How many sessions are searched while a page waits: this takes some tenths of a second.
LIMIT = 5000
BATCH = 500

Choose = Callable[[set[str]], Collection[str]]


@dataclass
class Ended:
    """The result of ending sessions.

    ``deleted`` counts sessions. ``refused`` counts people whose sessions are no longer accepted,
    wherever they are stored. ``left`` says why some may be left, and is empty if none are.
    """

    deleted: int = 0
    refused: int = 0
    left: str = ""


@sensitive_variables()  # A session's key would open it.
def end_sessions(users: Iterable[Any], *, limit: int | None = LIMIT, search: bool = False) -> Ended:
    """End every session of these users, and their tokens for the JSON API.

    For a person without a password that is one statement: Django binds a session to the hash of the
    password, so another unusable one ends them all, in every engine. Those of other people have to
    be found: on the list, if there is one that knows them all, else by looking into every session,
    or at most ``limit`` of them. ``search`` looks even where there is a list.
    """
    ended, everybody, with_password = Ended(), [], set()
    for user in users:
        revoke_all(user)
        everybody.append(user.pk)
        if _refuse_open_sessions(user):
            ended.refused += 1
        else:
            with_password.add(primary_key(user))
    keys = listing.known_keys(everybody)
    ended.deleted = stores.delete(keys)
    listing.forget(keys)
    # A session that got another key is not found by the one on the list, and may be anywhere.
    is_sure = listing.is_on() and ended.deleted == len(keys)
    if with_password and (search or not is_sure):
        _look_everywhere(with_password.intersection, limit, ended)
    if ended.left:
        log_event(
            logging.WARNING,
            "Some sessions of local users %s may be left: %s. corbado_end_sessions finds "
            "those that can be found.",
            ", ".join(sorted(with_password)[:10]),
            ended.left,
            event="sessions_left",
            reason="not_found",
        )
    return ended


@sensitive_variables()
def end_other_sessions(request: HttpRequest) -> None:
    """End every session of the signed-in person but this one."""
    mine = request.session.session_key
    keys = listing.known_keys([request.user.pk]) - {mine}
    stores.delete(keys)
    listing.forget(keys)
    # Also those that are on no list, as far as they can be found quickly.
    for user in users_by_key([request.user.pk]):
        revoke_all(user)
        if _refuse_open_sessions(user):
            request.session.cycle_key()
            request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


def end_sessions_of(request: HttpRequest, corbado_user_id: str) -> None:
    """End every session of the local user of a Corbado user, this request's included.

    Called when Corbado says that this person is blocked or deleted.
    """
    account = CorbadoAccount.objects.for_corbado_user(corbado_user_id)
    if account is None:
        return
    if request.user.is_authenticated and request.user.pk == account.user.pk:
        sign_out_everywhere(request)
    else:
        end_sessions([account.user])


def sign_out_everywhere(request: HttpRequest) -> None:
    """End every session of the signed-in person, this request's included."""
    key = request.user.pk
    logout(request)
    end_sessions(users_by_key([key]))


@sensitive_variables()
def end_sessions_of_linked() -> Ended:
    """End every session of everyone who is linked; memory use stays flat.

    Those on the list first: where the session store cannot be searched, there is no other way.
    """
    ended, listed = Ended(), 0
    for linked in _accounts():
        accounts = linked.select_related("user").order_by("pk")
        last = 0
        while page := list(accounts.filter(pk__gt=last)[:BATCH]):
            for account in page:
                revoke_all(account.user)
            with transaction.atomic(using=db_for_write()):
                ended.refused += sum(_refuse_open_sessions(account.user) for account in page)
            keys = listing.known_keys([account.user_id for account in page])
            listed += len(keys)
            ended.deleted += stores.delete(keys)
            listing.forget(keys)
            last = page[-1].pk
    is_sure = listing.is_on() and ended.deleted == listed
    _look_everywhere(_linked, None, ended)
    if is_sure:
        ended.left = ""
    return ended


def count_linked() -> int:
    """Return how many people are linked, at either product."""
    first, *others = (accounts.order_by().values("user_id") for accounts in _accounts())
    return (first.union(*others) if others else first).count()


def users_by_key(keys: list[Any]) -> Iterator[Any]:
    """Read users by their primary keys, in batches."""
    users = get_user_model()._base_manager.using(db_for_write())
    for start in range(0, len(keys), BATCH):
        yield from users.filter(pk__in=keys[start : start + BATCH])


def _refuse_open_sessions(user: Any) -> bool:
    """Replace an unusable password by another one; return False if that ends no session.

    A site may bind its sessions to something else. A new password is never overwritten.
    """
    if not isinstance(user, AbstractBaseUser) or user.has_usable_password():
        return False
    password, binding = user.password, user.get_session_auth_hash()
    user.set_unusable_password()
    if user.get_session_auth_hash() == binding:
        return False
    same = type(user)._base_manager.using(db_for_write()).filter(pk=user.pk, password=password)
    return bool(same.update(password=user.password))


def _look_everywhere(choose: Choose, limit: int | None, ended: Ended) -> None:
    """Delete the sessions of the users whom ``choose`` picks, page by page."""
    looked_at = 0
    try:
        for page in stores.pages(limit):
            looked_at += len(page)
            chosen = choose({user for _key, user in page})
            ended.deleted += stores.delete([key for key, user in page if user in chosen])
    except stores.NotSearchable as error:
        ended.left = str(error)
    else:
        if looked_at == limit:
            ended.left = f"there are over {limit} sessions to search"


def _linked(names: Iterable[str]) -> set[str]:
    """Pick the users who have an account."""
    keys = [key for key in map(_as_key, names) if key is not None]
    found = (linked.filter(user__in=keys).select_related("user") for linked in _accounts())
    return {primary_key(account.user) for account in chain.from_iterable(found)}


def _as_key(name: str) -> Any:
    """Return a user's key as the database has it, or None: a session may be older than the model.

    Such a session opens no account. One key of another type must not keep the others.
    """
    field: Any = get_user_model()._meta.pk
    while field.is_relation:  # Models that inherit from another table.
        field = field.target_field
    try:
        key = field.to_python(name)
        field.run_validators(key)  # The range: SQLite refuses a larger number.
    except ValidationError:
        return None
    return key if name else None


def _accounts() -> list[QuerySet[Any]]:
    """Return the accounts for the products in use."""
    passkeys = [ConnectAccount.objects.current()] if conf.CORBADO_CONNECT else []
    return [CorbadoAccount.objects.current(), *passkeys]
