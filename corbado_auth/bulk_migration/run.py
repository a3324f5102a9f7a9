"""One run over many users."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, OperationalError, connections

from corbado_auth.existing_users.migration import UserMigration
from corbado_auth.existing_users.outcomes import Outcome
from corbado_auth.models import db_for_write

from .batches import forget_questions, look_again, note_questions, settle
from .claims import Claims
from .crew import Crew, Result
from .pace import Halt, Pace, Stopped
from .walk import Page, Scope

__all__ = ["MOST_IN_FLIGHT", "BulkMigration"]

# Called in the main thread with each user and what became of them.
Note = Callable[[Any, Outcome], None]

# As many connections as the transport keeps open.
MOST_IN_FLIGHT = 32
# Seconds between two looks at what other workers still hold.
PATIENCE = 2.0
# Seconds between two looks of the main thread at what has come back and whose turn it is. What
# gathers meanwhile is written together; a shorter time costs more of it.
TICK = 0.02
# How many users are under way at least, beside two for each thread, and else: as many as come back
# in so many seconds. Time for the main thread to claim a page; a question stays fresh for longer.
AHEAD = 16
AHEAD_SECONDS = 0.2
# Whoever was read longer ago, in seconds, is read once more before Corbado is asked.
FRESH = 1.0


class BulkMigration:
    """Walk over a scope of users, let threads ask Corbado, and write what came of it.

    ``limit`` is how many users Corbado is asked about. All local reading and writing, and ``note``,
    belong to the thread that calls ``run``, which does it for many users at once; the threads, one
    for each request in flight, ask. With ``concurrency`` 1 the one thread does all.
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
        self._is_alone = concurrency == 1
        self._crew = Crew(migration, pace, halt, 0 if self._is_alone else concurrency)
        self._most_under_way = self._least_under_way = 2 * concurrency + AHEAD
        self._came_back = 0
        self._counted_since = time.monotonic()
        self._waiting: deque[Any] = deque()
        self._unasked: list[Any] = []
        self._left = limit

    def rehearse(self, scope: Scope) -> None:
        """Say what would happen, by local rules alone; asks and writes nothing."""
        self.migration.prepare()
        for page in scope.pages():
            for user in page:
                if self._halt or self._left == 0:
                    return
                outcome = self.migration.look(user)
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
            self._crew.start()
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
        """Move whom other workers claimed and did not finish; False once nobody holds anything."""
        self.claims.release_the_dead()
        self.left_to_others = 0
        for page in scope.pages(self.claims.unfinished):
            self._do(page, again=True)
        self._drain()
        if self.left_to_others:
            self._rest(PATIENCE)
        return bool(self.left_to_others)

    def _do(self, page: Page, *, again: bool = False) -> None:
        fit, unfit = [], []
        for user in page:
            outcome = self.migration.look(user)
            if outcome is None:
                fit.append(user)
            elif not again:
                unfit.append((user, outcome))
        for user, outcome in settle(self.migration, unfit):
            self._note(user, outcome)
        fit = fit[: self._left]
        mine = self.claims.take([user.pk for user in fit], again=again) if fit else {}
        self.claims.refuse_company()
        self.left_to_others += len(fit) - len(mine)
        for user in fit:
            if user.pk in mine:
                user._attempt, user._asked_at = mine[user.pk]
                self._waiting.append(user)
        if self._left is not None:
            self._left -= len(mine)
        # Where few are to be moved, they do not wait for others; and claims last on.
        if (self._waiting or self._crew.under_way) and not self._halt:
            self._step(0)
        # As many wait on as may be handed out at once: threads work while the next page is read.
        while len(self._waiting) > self._most_under_way and not self._halt:
            self._step()

    def _count_down(self, asked: bool) -> None:
        if self._left is not None and asked:
            self._left -= 1

    def _step(self, tick: float = TICK) -> None:
        """Write what has come back, hand out whose turn it is, and let the threads work."""
        began = time.monotonic()
        self.claims.renew_in_time()
        if self._is_alone:
            self._take_back([self._crew.move(self._waiting.popleft())])
            return
        results = self._crew.results()
        self._note_speed(len(results), began)
        self._take_back(results)
        room = self._most_under_way - self._crew.under_way
        turns = self._pace.turns(min(room, len(self._waiting)))
        if turns:
            self._hand_out([self._waiting.popleft() for _turn in range(turns)])
        self._rest(began + tick - time.monotonic())

    def _note_speed(self, number: int, now: float) -> None:
        """Let as many be under way as the threads ask about while this thread does something else.

        Counted over all of that time: answers come in bursts. Fewer where Corbado is slow, for a
        question that waits too long is written down once more.
        """
        self._came_back += number
        elapsed = now - self._counted_since
        if elapsed >= AHEAD_SECONDS:
            speed = self._came_back / elapsed
            self._most_under_way = max(self._least_under_way, int(speed * AHEAD_SECONDS))
            self._came_back, self._counted_since = 0, now

    def _hand_out(self, users: Page) -> None:
        lately = time.monotonic() - FRESH
        try:
            ask, rest = look_again(
                self.migration, [each for each in users if each._read_at < lately]
            )
            ask += [each for each in users if each._read_at >= lately]
            questions = note_questions(self.migration, ask)
        except OperationalError:
            self._leave_to_the_threads(users)
            return
        for user, outcome in rest:
            self._note(user, outcome)
        for user in ask:
            self._crew.hand(user, questions.get(user.pk))

    def _take_back(self, results: list[Result]) -> None:
        new = [
            (result.user, result.outcome)
            for result in results
            if isinstance(result.outcome, Outcome) and not result.is_settled
        ]
        try:
            written = settle(self.migration, new)
        except OperationalError:
            written = []
            self._leave_to_the_threads([user for user, _outcome in new])
        for user, outcome in written:
            self._note(user, outcome)
        errors = []
        for result in results:
            if isinstance(result.outcome, Exception):
                errors.append(result.outcome)
            elif result.outcome is None and not result.is_settled:
                self._unasked.append(result.user)
            elif result.outcome is not None and result.is_settled:
                self._note(result.user, result.outcome)
        # Last, or the others would be in the database and in no report.
        for error in errors:
            raise error

    def _leave_to_the_threads(self, users: Page) -> None:
        """Let each be moved alone, after a failure of the database that may pass."""
        connections[db_for_write()].close_if_unusable_or_obsolete()
        for user in users:
            self._crew.hand(user, None)

    def _drain(self) -> None:
        while (self._waiting or self._crew.under_way) and not self._halt:
            self._step()

    def _end(self) -> None:
        """Let the calls in flight end, write what came of them, and give back the rest."""
        self._crew.end()
        # An error is on its way already; there cannot be two.
        results = [each for each in self._crew.results() if not isinstance(each.outcome, Exception)]
        # With a database that has failed, claims run out by themselves.
        with suppress(DatabaseError):
            self._take_back(results)
            if self._unasked:
                forget_questions(self._unasked)
            self.claims.release()

    def _rest(self, seconds: float) -> None:
        with suppress(Stopped):
            self._halt.wait(seconds)
