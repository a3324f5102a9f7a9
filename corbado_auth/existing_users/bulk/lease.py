"""The lease that prevents two runs at the same time."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Self

from django.db import Error, OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.models import MigrationLease

from .rate_limit import StopFlag

__all__ = ["Lease", "LeaseHeld"]

TERM = timedelta(seconds=60)
RENEWED_AFTER = 15  # seconds


class LeaseHeld(Exception):
    """Another run holds the lease; the message is for the operator."""


class Lease:
    """The lease of this run, a database row: a context manager that raises LeaseHeld."""

    def __init__(self, stop: StopFlag) -> None:
        self._stop = stop
        self._renewed = 0.0
        self._holder = f"process {os.getpid()} on {socket.gethostname()}"[:128]

    def __enter__(self) -> Self:
        while not self._take():
            other = MigrationLease.objects.current().first()
            if other is not None and (left := other.expires_at - timezone.now()) > timedelta():
                raise LeaseHeld(
                    f"Another run ({other.holder}) has been moving users since "
                    f"{_readable(other.since)}: wait until it has ended, or, if it was killed, "
                    f"start again in {int(left.total_seconds()) + 1} seconds."
                )
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(Error):  # If it fails, the lease expires.
            self._mine.delete()

    def renew_in_time(self) -> None:
        """Renew the lease when it is due; stop the run if another one has taken it."""
        elapsed = time.monotonic() - self._renewed
        if elapsed < RENEWED_AFTER:
            return
        try:
            held = self._mine.update(expires_at=timezone.now() + TERM)
        except OperationalError:
            if elapsed < TERM.total_seconds():
                return  # The next call tries again.
            raise
        self._renewed = time.monotonic()
        if not held:
            self._stop.stop("This run stalled for a minute, and another one has started.")

    @property
    def _mine(self) -> QuerySet[MigrationLease]:
        return MigrationLease.objects.current().filter(holder=self._holder, since=self._since)

    def _take(self) -> bool:
        self._renewed = time.monotonic()
        self._since = now = timezone.now()
        mine = {"holder": self._holder, "since": now, "expires_at": now + TERM}
        rows = MigrationLease.objects.current()
        _row, is_new = rows.get_or_create(project_id=conf.CORBADO_PROJECT_ID, defaults=mine)
        # One statement, so that only one of two runs gets it.
        return is_new or bool(rows.filter(expires_at__lte=now).update(**mine))


def _readable(moment: datetime) -> str:
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return f"{local:%Y-%m-%d %H:%M:%S %Z}".strip()
