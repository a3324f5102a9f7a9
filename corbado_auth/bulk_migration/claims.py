"""Which worker moves which user: the database is all that workers share.

A claim is a row of MigrationAttempt with the worker's name and a time at which it runs out. It is
taken in a short transaction of its own that ends before Corbado is asked; no row of the user table
is locked. Should a claim run out under a worker that is merely slow, two of them ask about one
user: unique constraints and Corbado's own ("there is one already") still make one of each.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connections, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from corbado_auth.conf import conf
from corbado_auth.models import MigrationAttempt, db_for_write

from .pace import Halt

__all__ = ["Claim", "Claims"]

CLAIM_SECONDS = 120
RENEW_SECONDS = 30


class Claim(NamedTuple):
    """Name the attempt that is claimed, and when Corbado was asked in it, if its answer is lost."""

    attempt: int
    asked_at: datetime | None


class Claims:
    """The claims of one worker."""

    def __init__(self, halt: Halt) -> None:
        self._halt = halt
        self._host = socket.gethostname()[:32]
        self.worker = f"{self._host}:{os.getpid()}:{get_random_string(8)}"
        self._since = timezone.now()
        self._renewed = time.monotonic()

    @property
    def attempts(self) -> QuerySet[MigrationAttempt]:
        """Return all attempts of the project."""
        return MigrationAttempt.objects.using(db_for_write()).filter(
            project_id=conf.CORBADO_PROJECT_ID
        )

    @property
    def held_by_others(self) -> QuerySet[MigrationAttempt]:
        """Return the attempts that other workers claimed and have not finished."""
        return self.attempts.filter(claimed_until__isnull=False).exclude(worker=self.worker)

    @property
    def unfinished(self) -> QuerySet[MigrationAttempt]:
        """Return the attempts that nobody has finished since we began: held, or given back."""
        moved = Q(outcome__in=["created", "linked"]) | Q(reason="already_linked")
        return self._not_finished().exclude(moved)

    @property
    def several_workers(self) -> bool:
        """Tell whether the database lets several workers claim side by side."""
        return connections[db_for_write()].features.has_select_for_update_skip_locked

    def refuse_company(self) -> None:
        """End the run where another worker is at work and the database allows but one."""
        others = self.held_by_others.filter(claimed_until__gt=timezone.now())
        other = None if self.several_workers else others.order_by("claimed_until").last()
        if other is not None and other.claimed_until is not None:
            seconds = (other.claimed_until - timezone.now()).total_seconds()
            self._halt.stop(
                f"Another worker ({other.worker}) is moving users, and a database of this kind "
                f"({connections[db_for_write()].vendor}) allows one at a time. If that one is "
                f"dead, its claim runs out in {max(1, round(seconds))} seconds."
            )

    def take(self, user_ids: Collection[Any], *, again: bool = False) -> Mapping[Any, Claim]:
        """Claim these users; return those that are ours now, by primary key; let the others be.

        ``again`` says that all of them have their rows.
        """
        until = timezone.now() + timedelta(seconds=CLAIM_SECONDS)
        claim = {"worker": self.worker, "claimed_until": until}
        if not again:
            attempts = MigrationAttempt.objects.using(db_for_write())
            attempts.ensure(conf.CORBADO_PROJECT_ID, user_ids, **claim)
        mine = self.attempts.filter(user_id__in=user_ids, **claim)
        claims = _claims(mine)
        if len(claims) < len(user_ids):
            self._take_free(user_ids, claim)
            claims = _claims(mine)
        return claims

    def _take_free(self, user_ids: Collection[Any], claim: Mapping[str, Any]) -> None:
        """Claim the rows that were there already and that nobody holds any more."""
        free = self._not_finished().filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lte=timezone.now()),
            user_id__in=user_ids,
        )
        if not self.several_workers:
            # One statement: reading first and writing then is how two of them would lock up.
            free.update(**claim)
            return
        with transaction.atomic(using=db_for_write()):
            locked = free.select_for_update(skip_locked=True).values_list("pk", flat=True)
            self.attempts.filter(pk__in=list(locked)).update(**claim)

    def _not_finished(self) -> QuerySet[MigrationAttempt]:
        """Return the attempts that no worker, this one or another, has finished since we began."""
        return self.attempts.filter(Q(finished_at__isnull=True) | Q(finished_at__lt=self._since))

    def renew_in_time(self) -> None:
        """Let our claims last on, if it is time to."""
        if time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        until = timezone.now() + timedelta(seconds=CLAIM_SECONDS)
        self._mine().update(claimed_until=until)

    def release(self) -> None:
        """Give back what we hold, so that nobody has to wait for it to run out."""
        self._mine().update(claimed_until=None)

    def release_the_dead(self) -> None:
        """Give back what workers of this host held whose process is gone: killed, most likely."""
        for worker in self.held_by_others.values_list("worker", flat=True).distinct():
            if self._is_dead(worker):
                self.held_by_others.filter(worker=worker).update(claimed_until=None)

    def _mine(self) -> QuerySet[MigrationAttempt]:
        return self.attempts.filter(claimed_until__isnull=False, worker=self.worker)

    def _is_dead(self, worker: str) -> bool:
        host, _, process = worker.rpartition(":")[0].rpartition(":")
        # Elsewhere than on POSIX, os.kill() kills.
        if os.name != "posix" or host != self._host or not process.isdigit():
            return False
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def _claims(attempts: QuerySet[MigrationAttempt]) -> Mapping[Any, Claim]:
    rows = attempts.values_list("user_id", "pk", "asked_at")
    return {user_id: Claim(attempt, asked_at) for user_id, attempt, asked_at in rows}
