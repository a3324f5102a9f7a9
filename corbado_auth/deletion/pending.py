"""Users whom Corbado still has to delete."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from corbado_auth.backends import corbado_backend
from corbado_auth.conf import conf
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError, CorbadoNotAsked
from corbado_auth.models import ConnectAccount, CorbadoAccount, PendingDeletion, db_for_write
from corbado_auth.projects import each_project

__all__ = [
    "Retried",
    "count_everywhere",
    "count_pending_deletions",
    "delete_some",
    "is_in_the_settings",
    "is_turned_on",
    "pending_deletions",
    "retry_deletions",
    "retry_everywhere",
    "retry_gently",
]


# After a failure, deletions do not wait for Corbado's time-out again for this long.
PAUSE = timedelta(minutes=1)
PAGE = 200
# Seconds between two requests of a worker: half of Corbado's lowest limit (API notes 1.2).
INTERVAL = 0.2


class Retried(NamedTuple):
    """How many users were ``deleted`` at Corbado, and how many were ``kept`` for the next time."""

    deleted: int
    kept: int

    def __str__(self) -> str:
        return f"{self.deleted} deleted at Corbado, {self.kept} still to be deleted"


def retry_deletions(take_turn: Callable[[], None] = lambda: None) -> Retried:
    """Retry all pending deletions; ``take_turn`` is called before each request.

    Stops at the first failure that is not about one user: Corbado does not answer, or rejects us.
    """
    deleted = 0
    if is_turned_on():
        for pending in _pages_of_pending():
            take_turn()
            try:
                deleted += _delete(pending)
            except CorbadoError as error:
                if error.error_type != "validation_error":
                    break
    return Retried(deleted, kept=pending_deletions().count())


def retry_everywhere(take_turn: Callable[[], None]) -> Retried:
    """Retry the pending deletions of each project of the site."""
    deleted = kept = 0
    for project in each_project():
        with project:
            retried = retry_deletions(take_turn)
        deleted, kept = deleted + retried.deleted, kept + retried.kept
    return Retried(deleted, kept)


def retry_gently() -> Retried:
    """Retry all pending deletions with a pause before each request: for a worker."""
    return retry_everywhere(lambda: time.sleep(INTERVAL))


def delete_some(seconds: float) -> int:
    """Ask Corbado for deletions for this many seconds, newest first, and return how many are left.

    Does nothing shortly after a failure, and leaves out deletions that have failed before.
    """
    ends_at = time.monotonic() + seconds
    left = 0
    for project in each_project():
        with project:
            _delete_some(ends_at)
            left += pending_deletions().count()
    return left


def _delete_some(ends_at: float) -> None:
    recently = timezone.now() - PAUSE
    if pending_deletions().filter(failed_at__gt=recently).exists():
        return
    for pending in _untried():
        if time.monotonic() >= ends_at:
            break
        try:
            _delete(pending, ends_at)
        except CorbadoError:
            break


def count_pending_deletions() -> int:
    """Return how many deletions ``retry_deletions`` would ask Corbado for."""
    return pending_deletions().count() if is_turned_on() else 0


def count_everywhere() -> int:
    """Return how many deletions ``retry_everywhere`` would ask Corbado for."""
    found = 0
    for project in each_project():
        with project:
            found += count_pending_deletions()
    return found


def is_turned_on() -> bool:
    """Return whether the site deletes users at Corbado, too (``delete_at_corbado``)."""
    backend = corbado_backend()
    return backend is not None and backend.delete_at_corbado


def _delete(pending: PendingDeletion, ends_at: float | None = None) -> bool:
    """Ask Corbado, and keep failures; with ``ends_at``, wait no more than a second longer.

    Return False if the person has come back meanwhile, or another process has asked already.
    """
    rows = pending_deletions().filter(pk=pending.pk)
    if not rows.exists():
        return False
    if _has_come_back(pending):
        rows.delete()
        return False
    try:
        if pending.is_at_connect:
            _delete_at_connect(pending, ends_at)
        else:
            CorbadoService(timeout=_timeout(ends_at)).delete_user(pending.corbado_user_id)
    except CorbadoNotAsked:
        raise  # This deletion has not failed.
    except CorbadoError as error:
        rows.update(failed_at=timezone.now())
        log_event(
            logging.ERROR,
            "Corbado user %s is not deleted yet: %s. corbado_delete_pending tries again.",
            pending,
            error,
            event="deletion_failed",
            reason=error.error_type,
            corbado_user_id=pending.corbado_user_id,
        )
        raise
    rows.delete()
    return True


def _has_come_back(pending: PendingDeletion) -> bool:
    if not pending.is_at_connect:
        # Not for_corbado_user(), which finds nobody whom the site's manager hides.
        accounts = CorbadoAccount.objects.current()
        return accounts.filter(corbado_user_id=pending.corbado_user_id).exists()
    known = {"corbado_user_id": pending.corbado_user_id} if pending.corbado_user_id else {}
    known = known or {"handle": pending.handle}
    return ConnectAccount.objects.current().filter(**known).exists()


def _delete_at_connect(pending: PendingDeletion, ends_at: float | None) -> None:
    corbado_user_id = pending.corbado_user_id
    if not corbado_user_id:
        service = ConnectService(timeout=_timeout(ends_at))
        corbado_user_id = service.find_user(pending.handle) or ""
    if corbado_user_id:
        ConnectService(timeout=_timeout(ends_at)).delete_user(corbado_user_id)


def _timeout(ends_at: float | None) -> float | None:
    """Return the seconds to connect, and to read; a call may take one second on top."""
    return None if ends_at is None else max(0.1, (ends_at - time.monotonic()) / 2)


def _pages_of_pending() -> Iterator[PendingDeletion]:
    last = 0
    while page := list(pending_deletions().filter(pk__gt=last).order_by("pk")[:PAGE]):
        yield from page
        last = page[-1].pk


def _untried() -> list[PendingDeletion]:
    return list(pending_deletions().filter(failed_at=None).order_by("-pk")[:PAGE])


def pending_deletions() -> QuerySet[PendingDeletion]:
    """Return the pending deletions of the Corbado project that is meant, and of its Connect one."""
    return PendingDeletion.objects.using(db_for_write()).filter(_of_project())


def is_in_the_settings(pending: PendingDeletion) -> bool:
    """Return whether this is a deletion at a project of the site, whichever is meant."""
    known = Q()
    for project in each_project():
        with project:
            known |= _of_project()
    return PendingDeletion.objects.using(db_for_write()).filter(known, pk=pending.pk).exists()


def _of_project() -> Q:
    return Q(project_id=conf.CORBADO_PROJECT_ID, is_at_connect=False) | Q(
        project_id=conf.CORBADO_CONNECT_PROJECT_ID, is_at_connect=True
    )
