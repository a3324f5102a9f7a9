"""Deleting users at Corbado when the local user is deleted, if the site turns that on.

The request is recorded in the transaction that deletes the local user; Corbado is asked after the
commit, and ``corbado_migrate_users`` retries what failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from .backends import corbado_backend
from .conf import conf
from .corbado_api.connect import ConnectService
from .corbado_api.service import CorbadoService
from .exceptions import CorbadoError
from .models import ConnectAccount, CorbadoAccount, PendingDeletion, db_for_write

__all__ = [
    "Retried",
    "count_pending_deletions",
    "deletes_the_user",
    "note_deletion",
    "retry_deletions",
]

logger = logging.getLogger("corbado_auth")

# After a failure, deletions do not wait for Corbado's time-out again for this long.
PAUSE = timedelta(minutes=1)
PAGE = 200


class Retried(NamedTuple):
    """How many users were ``deleted`` at Corbado, and how many were ``kept`` for the next time."""

    deleted: int
    kept: int


def note_deletion(
    instance: CorbadoAccount | ConnectAccount, using: str, origin: Any = None, **_signal: Any
) -> None:
    """Record that Corbado has to delete this user, too. Connected to ``post_delete``.

    If a person has only added a passkey with Connect, we know their handle but no Corbado user ID.
    """
    if not (_is_turned_on() and deletes_the_user(origin)):
        return
    is_at_connect = isinstance(instance, ConnectAccount)
    handle = instance.handle if isinstance(instance, ConnectAccount) else ""
    pending, _created = PendingDeletion.objects.using(using).get_or_create(
        project_id=instance.project_id,
        corbado_user_id=instance.corbado_user_id,
        handle="" if instance.corbado_user_id else handle,
        is_at_connect=is_at_connect,
    )
    if _pending().filter(pk=pending.pk).exists():
        transaction.on_commit(partial(_delete_now, pending), using=using, robust=True)


def retry_deletions(take_turn: Callable[[], None] = lambda: None) -> Retried:
    """Retry all pending deletions; ``take_turn`` is called before each request.

    Stops at the first failure that is not about one user: Corbado does not answer, or rejects us.
    """
    deleted = 0
    if _is_turned_on():
        for pending in _pages_of_pending():
            take_turn()
            try:
                deleted += _delete(pending)
            except CorbadoError as error:
                if error.error_type != "validation_error":
                    break
    return Retried(deleted, kept=_pending().count())


def count_pending_deletions() -> int:
    """Return how many deletions ``retry_deletions`` would ask Corbado for."""
    return _pending().count() if _is_turned_on() else 0


def deletes_the_user(origin: Any) -> bool:
    """Return whether a user is being deleted, by any cascade, and not just an account unlinked.

    Django passes on where the deletion began: an object or a queryset. Accounts depend only on
    users, so a deletion that did not begin with an account came by way of a user. Code that
    bypasses Django's methods passes nothing on; then nothing irreversible is done.
    """
    model = origin.model if isinstance(origin, QuerySet) else type(origin)
    return issubclass(model, Model) and not issubclass(model, CorbadoAccount | ConnectAccount)


def _is_turned_on() -> bool:
    backend = corbado_backend()
    return backend is not None and backend.delete_at_corbado


def _delete_now(pending: PendingDeletion) -> None:
    if _pending().filter(failed_at__gt=timezone.now() - PAUSE).exists():
        return
    try:
        _delete(pending)
    except CorbadoError:
        return  # Logged and kept.


def _delete(pending: PendingDeletion) -> bool:
    """Ask Corbado, and keep failures; return False if the person has come back meanwhile."""
    rows = _pending().filter(pk=pending.pk)
    if _has_come_back(pending):
        rows.delete()
        return False
    try:
        if pending.is_at_connect:
            _delete_at_connect(pending)
        else:
            CorbadoService().delete_user(pending.corbado_user_id)
    except CorbadoError as error:
        rows.update(failed_at=timezone.now())
        logger.error(
            "Corbado user %s is not deleted yet: %s. corbado_migrate_users tries again.",
            pending,
            error,
        )
        raise
    rows.delete()
    return True


def _has_come_back(pending: PendingDeletion) -> bool:
    if not pending.is_at_connect:
        return CorbadoAccount.objects.for_corbado_user(pending.corbado_user_id) is not None
    known = {"corbado_user_id": pending.corbado_user_id} if pending.corbado_user_id else {}
    known = known or {"handle": pending.handle}
    return ConnectAccount.objects.current().filter(**known).exists()


def _delete_at_connect(pending: PendingDeletion) -> None:
    service = ConnectService()
    corbado_user_id = pending.corbado_user_id or service.find_user(pending.handle)
    if corbado_user_id:
        service.delete_user(corbado_user_id)


def _pages_of_pending() -> Iterator[PendingDeletion]:
    last = 0
    while page := list(_pending().filter(pk__gt=last).order_by("pk")[:PAGE]):
        yield from page
        last = page[-1].pk


def _pending() -> QuerySet[PendingDeletion]:
    return PendingDeletion.objects.using(db_for_write()).filter(
        Q(project_id=conf.CORBADO_PROJECT_ID, is_at_connect=False)
        | Q(project_id=conf.CORBADO_CONNECT_PROJECT_ID, is_at_connect=True)
    )
