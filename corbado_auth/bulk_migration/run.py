"""One run over many users."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, OperationalError, connections

from corbado_auth.exceptions import CorbadoError, CorbadoRejected, CorbadoUnavailable
from corbado_auth.existing_users import UserMigration
from corbado_auth.models import written_database
from corbado_auth.outcomes import Outcome

from .claims import Claims
from .pace import Halt, Pace, Stopped
from .walk import Page, Scope

__all__ = ["MOST_IN_FLIGHT", "BulkMigration"]

# Called in the main thread with each user and what became of them.
Note = Callable[[Any, Outcome], None]

# As many connections as the transport keeps open.
MOST_IN_FLIGHT = 32
TOO_MANY = 429
# The longest that Corbado may ask us to wait; a blocked address is free after ten minutes.
LONGEST_RETRY_AFTER = 900
# Seconds between two looks at what other workers still hold.
PATIENCE = 2.0
# Seconds until the main thread looks after claims and signals again.
TICK = 0.5


class BulkMigration:
    """Walk over a scope of users, and let threads move them.

    ``limit`` is how many users Corbado is asked about. The walk, the claims and ``note`` belong to
    the thread that calls ``run``; with ``concurrency`` 1 that one does all. Else there are half as
    many threads again, so that Corbado is asked while some of them write.
    """

    def __init__(
        self,
        migration: UserMigration,
        pace: Pace,
        halt: Halt,
        note: Note,
        *,
        concurrency: int = 8,
        limit: int | None = None,
    ) -> None:
        self.migration = migration
        self.claims = Claims(halt)
        self.left_to_others = 0
        self._pace = pace
        self._halt = halt
        self._note = note
        self._threads = [
            threading.Thread(target=self._work, name=f"corbado-{number}", daemon=True)
            for number in range(concurrency + concurrency // 2 if concurrency > 1 else 0)
        ]
        self._inbox: queue.Queue[Any] = queue.Queue(maxsize=len(self._threads) + 1)
        self._outbox: queue.SimpleQueue[tuple[Any, Outcome | Exception | None]] = (
            queue.SimpleQueue()
        )
        self._unfinished = 0
        self._left = limit
        self._failures_in_a_row = 0
        self._last_failure = 0.0

    def rehearse(self, scope: Scope) -> None:
        """Say what would happen, by local rules alone; asks and writes nothing."""
        self.migration.prepare()
        for page in scope.pages():
            for user in page:
                if self._halt or self._left == 0:
                    return
                outcome = _moved_before(user) or self.migration.check(user)
                self._count_down(outcome is None)
                self._note(user, outcome or Outcome("eligible"))

    def run(self, scope: Scope) -> None:
        """Move all users of the scope, or as many as can be until ``halt``."""
        try:
            self.claims.release_the_dead()
            self.claims.refuse_company()
            if self._halt:
                return
            self.migration.prepare()
            for thread in self._threads:
                thread.start()
            self._walk(scope)
        except DatabaseError as error:
            self._halt.stop(f"The database failed ({type(error).__name__}).")
        except BaseException:
            self._halt.stop("")  # Whoever catches it says why.
            raise
        finally:
            self._end()

    def _walk(self, scope: Scope) -> None:
        for page in scope.pages():
            self._do(page)
            if self._halt or self._left == 0:
                break
        self._drain()
        while not self._halt and self._left != 0 and self._take_over(scope):
            pass

    def _take_over(self, scope: Scope) -> bool:
        """Move what other workers claimed and left; False once nobody holds anything."""
        self.claims.release_the_dead()
        self.left_to_others = 0
        for page in scope.pages(self.claims.held_by_others):
            self._do(page, again=True)
        self._drain()
        if self.left_to_others:
            self._rest(PATIENCE)
        return bool(self.left_to_others)

    def _do(self, page: Page, *, again: bool = False) -> None:
        self._collect(wait=False)
        outcomes: dict[Outcome, list[Any]] = defaultdict(list)
        fit = []
        for user in page:
            outcome = _moved_before(user) or self.migration.check(user)
            if outcome is None:
                fit.append(user)
            elif not again:
                outcomes[Outcome(outcome.kind, outcome.reason)].append(user.pk)
                self._note(user, outcome)
        for outcome, user_ids in outcomes.items():
            self.migration.record(user_ids, outcome)
        fit = fit[: self._left]
        mine = self.claims.take([user.pk for user in fit]) if fit else set()
        self.claims.refuse_company()
        self.left_to_others += len(fit) - len(mine)
        for user in fit:
            if user.pk in mine and not self._halt:
                self._count_down(True)
                self._hand_out(user)

    def _count_down(self, asked: bool) -> None:
        if self._left is not None and asked:
            self._left -= 1

    # The threads -------------------------------------------------------------------------------

    def _hand_out(self, user: Any) -> None:
        self._unfinished += 1
        if not self._threads:
            self._take_back(user, self._move(user))
            return
        while not self._halt:
            self._collect(wait=False)
            try:
                self._inbox.put(user, timeout=TICK)
            except queue.Full:
                continue
            return

    def _work(self) -> None:
        try:
            while (user := self._inbox.get()) is not None:
                try:
                    self._outbox.put((user, self._move(user)))
                except Exception as error:  # noqa: BLE001 - raised again in the main thread
                    self._outbox.put((user, error))
        finally:
            connections.close_all()

    def _collect(self, *, wait: bool) -> None:
        """Take what the threads have done; look after the claims."""
        self.claims.renew_in_time()
        try:
            if wait:
                self._take_back(*self._outbox.get(timeout=TICK))
            while True:
                self._take_back(*self._outbox.get_nowait())
        except queue.Empty:
            return

    def _take_back(self, user: Any, result: Outcome | Exception | None) -> None:
        self._unfinished -= 1
        self.claims.renew_in_time()
        if isinstance(result, Exception):
            raise result
        if result is not None:
            self._note(user, result)

    def _drain(self) -> None:
        while self._unfinished and not self._halt:
            self._collect(wait=True)

    def _end(self) -> None:
        """Let the calls in flight end, note what came of them, and give back the rest."""
        started = [thread for thread in self._threads if thread.ident]
        if self._halt:
            while not self._inbox.empty():
                self._inbox.get()
        for _thread in started:
            self._inbox.put(None)
        for thread in started:
            thread.join()
        while not self._outbox.empty():
            user, result = self._outbox.get()
            if isinstance(result, Outcome):
                self._note(user, result)
        # With a database that has failed, they run out by themselves.
        with suppress(DatabaseError):
            self.claims.release()

    def _rest(self, seconds: float) -> None:
        with suppress(Stopped):
            self._halt.wait(seconds)

    # One user, in a thread --------------------------------------------------------------------

    def _move(self, user: Any) -> Outcome | None:
        """Try until Corbado has answered; None where the run ended before."""
        tries = 0
        try:
            while tries < self.migration.tries:
                self._halt.wait(0)
                try:
                    outcome = self.migration.migrate(user)
                except CorbadoUnavailable as error:
                    tries += self._failed(error, tries)
                except OperationalError as error:
                    connections[written_database()].close_if_unusable_or_obsolete()
                    tries += self._failed(error, tries)
                else:
                    self._failures_in_a_row = 0
                    return outcome
        except CorbadoRejected as error:
            self._halt.stop(f"{error}.")
            return None
        except Stopped:
            return None
        outcome = Outcome("refused", "no_answer")
        self.migration.record([user.pk], outcome)
        return outcome

    def _failed(self, error: CorbadoError | OperationalError, tries: int) -> int:
        """Wait as long as is fitting; return by how much the user's tries go up.

        Not urllib3's Retry: between two tries of ours we look for an answer that was lost.
        """
        migration = self.migration
        self._count_failure(error)
        asked_to_wait = getattr(error, "retry_after", None)
        if getattr(error, "status_code", None) == TOO_MANY or asked_to_wait is not None:
            # It is about all of us, not about this user.
            wait = self._back_off(self._failures_in_a_row - 1)
            if asked_to_wait is not None:
                wait = min(asked_to_wait, LONGEST_RETRY_AFTER)
            self._pace.pause(wait)
            return 0
        if tries + 1 < migration.tries:
            self._halt.wait(self._back_off(tries))
        return 1

    def _back_off(self, number: int) -> float:
        migration = self.migration
        wait = min(migration.longest_wait, migration.first_wait * 2.0 ** min(max(number, 0), 30))
        return wait * random.uniform(0.5, 1)  # noqa: S311 - so that the threads part

    def _count_failure(self, error: CorbadoError | OperationalError) -> None:
        """Stop after a run of failures; those of one moment, in many threads, count as one."""
        migration = self.migration
        now = time.monotonic()
        if now - self._last_failure >= migration.first_wait:
            self._last_failure = now
            self._failures_in_a_row += 1
        if self._failures_in_a_row >= migration.failures_in_a_row:
            what = str(error) if isinstance(error, CorbadoError) else type(error).__name__
            self._halt.stop(f"{self._failures_in_a_row} failures in a row, the last: {what}.")
            raise Stopped


def _moved_before(user: Any) -> Outcome | None:
    known = user._corbado_user_id
    return Outcome("skipped", "already_linked", known) if known else None
