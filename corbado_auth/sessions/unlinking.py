"""Signing people out when they are unlinked."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from corbado_auth.deletion import deletes_the_user
from corbado_auth.models import ConnectAccount, CorbadoAccount

from .ending import end_sessions, users_by_key

__all__ = ["note_unlinking"]


def note_unlinking(
    instance: CorbadoAccount | ConnectAccount, using: str, origin: Any = None, **_: Any
) -> None:
    """End an unlinked person's sessions after the commit.

    Connected to ``post_delete``. If the local user was deleted, no session is accepted anyway.
    """
    if deletes_the_user(origin):
        return
    # One delete() may cover many accounts, with the same origin for each: their sessions are
    # searched for together, by the first call.
    holder = origin if isinstance(origin, (Model, QuerySet)) else instance
    unlinked: list[Any] = vars(holder).setdefault("_corbado_unlinked", [])
    unlinked.append(instance.user_id)
    transaction.on_commit(partial(_end_unlinked, unlinked), using=using, robust=True)


def _end_unlinked(keys: list[Any]) -> None:
    if keys:
        end_sessions(users_by_key(keys))
        keys.clear()
