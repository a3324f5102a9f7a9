"""What happens when a local user is deleted: a row is written, and Corbado is asked briefly."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Any

from django.db import connections, transaction
from django.db.models import Model, QuerySet

from corbado_auth.events import log_event
from corbado_auth.models import ConnectAccount, CorbadoAccount, PendingDeletion

from . import tasks
from .pending import delete_until, is_in_the_settings, is_turned_on

__all__ = ["begin_request", "deletes_the_user", "end_request", "note_deletion"]


# The longest that one request waits in all, for Corbado and for the broker of tasks; the same for
# other code, after each commit.
SECONDS = 2.0


class _Budget(threading.local):
    """The seconds that the request of this thread may still spend; unlimited outside a request."""

    left = math.inf


_budget = _Budget()


def begin_request(**_signal: Any) -> None:
    """Start the budget of a request. Connected to ``request_started``."""
    _budget.left = SECONDS


def end_request(**_signal: Any) -> None:
    """Lift the budget again. Connected to ``request_finished``."""
    _budget.left = math.inf


def note_deletion(
    instance: CorbadoAccount | ConnectAccount, using: str, origin: Any = None, **_signal: Any
) -> None:
    """Record that Corbado has to delete this user, too. Connected to ``post_delete``.

    If a person has only added a passkey with Connect, we know their handle but no Corbado user ID.
    """
    if not (is_turned_on() and deletes_the_user(origin)):
        return
    is_at_connect = isinstance(instance, ConnectAccount)
    handle = instance.handle if isinstance(instance, ConnectAccount) else ""
    pending, _created = PendingDeletion.objects.using(using).get_or_create(
        project_id=instance.project_id,
        corbado_user_id=instance.corbado_user_id,
        handle="" if instance.corbado_user_id else handle,
        is_at_connect=is_at_connect,
    )
    if is_in_the_settings(pending) and not _is_registered(using):
        transaction.on_commit(_AfterCommit(), using=using, robust=True)


def deletes_the_user(origin: Any) -> bool:
    """Return whether a user is being deleted, by any cascade, and not just an account unlinked.

    Django passes on where the deletion began: an object or a queryset. Accounts depend only on
    users, so a deletion that did not begin with an account came by way of a user. Code that
    bypasses Django's methods passes nothing on; then nothing irreversible is done.
    """
    model = origin.model if isinstance(origin, QuerySet) else type(origin)
    return issubclass(model, Model) and not issubclass(model, CorbadoAccount | ConnectAccount)


def _is_registered(using: str) -> bool:
    """Return whether this transaction has an ``_AfterCommit`` already.

    One that was registered in a savepoint is lost if that savepoint is rolled back.
    """
    connection = connections[using]
    savepoints = set(connection.savepoint_ids)
    return any(
        isinstance(function, _AfterCommit) and not function.has_run and set(needed) <= savepoints
        for needed, function, *_ in connection.run_on_commit
    )


class _AfterCommit:
    """Leaves the pending deletions to a task, or asks Corbado for a short time."""

    has_run = False

    def __call__(self) -> None:
        self.has_run = True
        began = time.monotonic()
        try:
            left = self._pass_on(began + min(SECONDS, _budget.left))
        finally:
            _budget.left -= time.monotonic() - began
        if left:
            log_event(
                logging.WARNING,
                "%d Corbado users are still to be deleted: run manage.py corbado_delete_pending.",
                left,
                event="deletions_pending",
            )

    def _pass_on(self, ends_at: float) -> int:
        """Return how many deletions are left to the command.

        The broker of tasks has half of the time, since Corbado may have to be asked after all.
        """
        seconds = ends_at - time.monotonic()
        if seconds > 0 and tasks.enqueue(seconds / 2):
            return 0
        return delete_until(ends_at)
