"""Signing people out when they are unlinked."""

from __future__ import annotations

import logging
from copy import copy
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from corbado_auth.deletion import deletes_the_user
from corbado_auth.events import log_event
from corbado_auth.models import ConnectAccount, CorbadoAccount
from corbado_auth.signals import account_unlinked

from .ending import end_sessions, users_by_key

__all__ = ["note_unlinking"]


def note_unlinking(
    instance: CorbadoAccount | ConnectAccount, using: str, origin: Any = None, **_: Any
) -> None:
    """Send ``account_unlinked`` and end the person's sessions, after the commit.

    Connected to ``post_delete``. If the local user was deleted, no session is accepted anyway.
    """
    is_user_deleted = deletes_the_user(origin)
    transaction.on_commit(partial(_tell_unlinked, copy(instance), is_user_deleted), using=using)
    if is_user_deleted:
        return
    # One delete() may cover many accounts, with the same origin for each: their sessions are
    # searched for together, by the first call.
    holder = origin if isinstance(origin, (Model, QuerySet)) else instance
    unlinked: list[Any] = vars(holder).setdefault("_corbado_unlinked", [])
    unlinked.append(instance.user_id)
    transaction.on_commit(partial(_end_unlinked, unlinked), using=using, robust=True)


def _tell_unlinked(account: CorbadoAccount | ConnectAccount, is_user_deleted: bool) -> None:
    log_event(
        logging.INFO,
        "Unlinked: Corbado user %s and local user %s",
        account.corbado_user_id or "unknown",
        account.user_id,
        event="account_unlinked",
        reason="user_deleted" if is_user_deleted else "",
        corbado_user_id=account.corbado_user_id,
    )
    account_unlinked.send_robust(
        sender=type(account), account=account, is_user_deleted=is_user_deleted
    )


def _end_unlinked(keys: list[Any]) -> None:
    if keys:
        end_sessions(users_by_key(keys))
        keys.clear()
