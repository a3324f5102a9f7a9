"""Whoever is unlinked is signed out."""

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
    """End the sessions of whoever was unlinked, once that is committed.

    Connected to ``post_delete``. If the local user was deleted, no session is accepted any more.
    """
    if deletes_the_user(origin):
        return
    # One delete() may be about many accounts, and Django names the same origin with each of them:
    # their sessions are looked for together, by whichever call comes first.
    holder = origin if isinstance(origin, (Model, QuerySet)) else instance
    unlinked: list[Any] = vars(holder).setdefault("_corbado_unlinked", [])
    unlinked.append(instance.user_id)
    transaction.on_commit(partial(_end_unlinked, unlinked), using=using, robust=True)


def _end_unlinked(keys: list[Any]) -> None:
    if keys:
        end_sessions(users_by_key(keys))
        keys.clear()
