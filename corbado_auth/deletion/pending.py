"""Users whom Corbado still has to delete."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from corbado_auth.backends import corbado_backend
from corbado_auth.conf import conf
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.corbado_api.deadline import finish_by
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError, CorbadoNotAsked
from corbado_auth.models import ConnectAccount, CorbadoAccount, PendingDeletion, db_for_write
from corbado_auth.projects import each_project

__all__ = [
    "Retried",
    "count_everywhere",
    "count_pending_deletions",
    "delete_until",
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
# A retry gives up after this many failures in a row.
FAILURES = 5
# A request that deletes begins no further deletion with fewer seconds left than this.
ENOUGH = 0.5
# Seconds between two requests of a worker: half of Corbado's lowest limit (API notes 1.2).
INTERVAL = 0.2


class Retried(NamedTuple):
    """How many users were ``deleted`` at Corbado, and how many were ``kept`` for the next time."""

    deleted: int
    kept: int

    def __str__(self) -> str:
        return f"{self.deleted} deleted at Corbado, {self.kept} still to be deleted"


def retry_deletions(take_turn: Callable[[], None] = lambda: None) -> Retried:
    """Ask Corbado for all pending deletions; ``take_turn`` is called before each request.

    One that fails is left for the next time. Stops if Corbado rejects the site, asks for a pause,
    or fails several times in a row.
    """
    deleted = failures = 0
    for pending in _in_turn() if is_turned_on() else ():
        take_turn()
        try:
            deleted += _delete(pending)
        except CorbadoError as error:
            # Corbado is there, and rejects this one user.
            failures = 0 if error.error_type == "validation_error" else failures + 1
            if failures == FAILURES or _concerns_everyone(error):
                break
        else:
            failures = 0
    return Retried(deleted, kept=pending_deletions().count())


def _concerns_everyone(error: CorbadoError) -> bool:
    return isinstance(error, CorbadoNotAsked) or error.status_code in {401, 403, 429}


def retry_everywhere(take_turn: Callable[[], None]) -> Retried:
    """Retry the pending deletions of each project of the site."""
    deleted = kept = 0
    for project in each_project():
        with project:
            retried = retry_deletions(take_turn)
        deleted, kept = deleted + retried.deleted, kept + retried.kept
    return Retried(deleted, kept)


def retry_gently() -> Retried:
    """Retry each project's deletions, with a pause before each request: for a worker."""
    return retry_everywhere(lambda: time.sleep(INTERVAL))


def delete_until(ends_at: float) -> int:
    """Ask Corbado for deletions until a time of ``time.monotonic()``; return how many are left.

    The newest come first. Does nothing shortly after a failure, and leaves out
    deletions that have failed before.
    """
    left = 0
    for project in each_project():
        with project, finish_by(ends_at):
            _delete_until(ends_at)
            left += pending_deletions().count()
    return left


def _delete_until(ends_at: float) -> None:
    recently = timezone.now() - PAUSE
    if pending_deletions().filter(failed_at__gt=recently).exists():
        return
    for pending in _untried():
        if time.monotonic() + ENOUGH > ends_at:
            break
        try:
            _delete(pending)
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


def _delete(pending: PendingDeletion) -> bool:
    """Ask Corbado, and keep failures.

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
            _delete_at_connect(pending)
        else:
            CorbadoService().delete_user(pending.corbado_user_id)
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
    if pending.corbado_user_id:
        known = {"corbado_user_id": pending.corbado_user_id}
    else:
        known = {"handle": pending.handle}
    return ConnectAccount.objects.current().filter(**known).exists()


def _delete_at_connect(pending: PendingDeletion) -> None:
    service = ConnectService()
    corbado_user_id = pending.corbado_user_id or service.find_user(pending.handle)
    if corbado_user_id:
        service.delete_user(corbado_user_id)


def _in_turn() -> Iterator[PendingDeletion]:
    """Yield all pending deletions; those that failed last come last, so they block nobody."""
    by_failure = F("failed_at").asc(nulls_first=True)
    keys = list(pending_deletions().order_by(by_failure, "pk").values_list("pk", flat=True))
    for start in range(0, len(keys), PAGE):
        found = pending_deletions().in_bulk(keys[start : start + PAGE])
        yield from (found[key] for key in keys[start : start + PAGE] if key in found)


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
