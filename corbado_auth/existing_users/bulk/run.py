"""A run that moves many users."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import Error, OperationalError

from corbado_auth.corbado_api.guard import command_threads
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable
from corbado_auth.existing_users.migration import Step, Steps, UserMigration
from corbado_auth.existing_users.outcomes import Outcome
from corbado_auth.existing_users.records import Result, note_questions, settle

from .rate_limit import Failures, RateLimiter, StopFlag
from .scope import Page, Scope

__all__ = ["MAX_CONCURRENCY", "BulkMigration"]

# At this many, answers that take 0.16 s reach Corbado's highest limit, 200 requests a second.
MAX_CONCURRENCY = 32
# Seconds for which the main thread waits for an answer before it checks for due turns.
TICK = 0.02
LONGEST_SLEEP = 10.0


@dataclass(slots=True, eq=False)
class Move:
    """A user who is being moved, and the remaining steps."""

    user: Any
    steps: Steps
    tries: int = 0
    not_before: float = 0.0


@dataclass(eq=False)
class BulkMigration:
    """A run over the users of a scope.

    ``limit`` is how many users Corbado is asked about, ``concurrency`` how many requests are in
    flight. ``note`` is called with each user and the outcome, ``keep_lease`` frequently.
    """

    migration: UserMigration
    rate: RateLimiter
    stop: StopFlag
    note: Callable[[Any, Outcome], None]
    concurrency: int = 8
    limit: int | None = None
    keep_lease: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._left = sys.maxsize if self.limit is None else self.limit
        self._failures = Failures(self.migration, self.rate, self.stop)
        self._waiting: deque[Any] = deque()  # users about whom to ask Corbado
        self._resting: list[Move] = []  # moves that wait for a turn, or after a failure
        self._in_flight: dict[Future[Any], Move] = {}
        self._results: list[Result] = []  # not written yet

    def dry_run(self, scope: Scope) -> None:
        """Report what would happen, by local rules alone, without asking or writing anything."""
        self.migration._prepare()
        for page in scope.pages():
            for user in page:
                if self.stop or self._left == 0:
                    return
                outcome = self.migration._look(user)
                if outcome is None:
                    self._left -= 1
                self.note(user, outcome or Outcome("eligible"))

    def run(self, scope: Scope) -> None:
        """Move all users of the scope, or as many as possible until the run is stopped."""
        try:
            with command_threads(self.concurrency) as self._threads:
                try:
                    self._move_all(scope)
                finally:
                    self._end()
        except Error as error:
            self.stop.stop(f"The database failed ({type(error).__name__}).")

    def _move_all(self, scope: Scope) -> None:
        self.migration._prepare()
        for page in scope.pages():
            self._take_in(page)
            while len(self._waiting) >= self.concurrency and not self.stop:
                self._step()
            if self.stop or self._left == 0:
                break
        while not self.stop and (self._waiting or self._resting or self._in_flight):
            self._step()

    def _take_in(self, page: Page) -> None:
        """Settle the users whom local rules exclude, and queue the others."""
        fit = []
        for user in page:
            self.keep_lease()
            outcome = self.migration._look(user)
            if outcome is None:
                fit.append(user)
            else:
                self._results.append((user, outcome))
        self._write()
        fit = fit[: self._left]
        self._waiting.extend(fit)
        self._left -= len(fit)

    def _step(self) -> None:
        """Ask about the users whose turn it is, and meanwhile write the results so far."""
        self.keep_lease()
        if not self.stop:
            self._take_turns()
        self._write()
        if self._in_flight:
            answered, _others = wait(self._in_flight, TICK, FIRST_COMPLETED)
            for future in answered:
                self._go_on(future)
        else:
            self.stop.wait(TICK)

    def _take_turns(self) -> None:
        now = time.monotonic()
        due = [move for move in self._resting if move.not_before <= now]
        # No more than there are threads, so that no recorded question waits to be sent.
        room = self.concurrency - len(self._in_flight) - len(self._resting)
        turns = self.rate.take(len(due) + min(room, len(self._waiting)))
        for move in due[:turns]:
            self._resting.remove(move)
            self._advance(move, partial(next, move.steps))
        if turns > len(due):
            self._begin([self._waiting.popleft() for _turn in range(turns - len(due))])

    def _begin(self, users: Page) -> None:
        """Ask about these users, reading and writing all of them in one statement each."""
        migration = self.migration
        try:
            now = migration._read_again(users)
            ask = [user for user, outcome in now if outcome is None and user._asked_at is None]
            questions = note_questions(ask)
        except OperationalError as error:
            for user in users:
                self._fail(Move(user, migration._move(user)), error)
            return
        for user, outcome in now:
            if outcome is not None:
                self._results.append((user, outcome))
            else:
                move = Move(user, migration._move(user, questions.get(user.pk)))
                self._advance(move, partial(next, move.steps))

    def _go_on(self, answered: Future[Any]) -> None:
        """Resume the move that was waiting for this answer."""
        move = self._in_flight.pop(answered)
        if error := answered.exception():
            self._advance(move, partial(move.steps.throw, error))
        else:
            self._advance(move, partial(move.steps.send, answered.result()))

    def _advance(self, move: Move, resume: Callable[[], Step]) -> None:
        try:
            step = resume()
        except StopIteration as end:
            self._failures.end_row()
            self._results.append(end.value)
        except (CorbadoUnavailable, OperationalError) as error:
            self._fail(move, error)
        except CorbadoRejected as error:
            self.stop.stop(f"{error}.")
        else:
            if step is None:  # The next request needs a turn of its own.
                self._resting.append(move)
            else:
                self._in_flight[self._threads.submit(step)] = move

    def _fail(self, move: Move, error: CorbadoUnavailable | Error) -> None:
        """Retry a user after a while, or give up. Raises the error if the connection is lost."""
        seconds, is_a_try = self._failures.note(error, move.tries)
        move.tries += is_a_try
        if move.tries >= self.migration._tries:
            self._results.append((move.user, Outcome("refused", "no_answer")))
            return
        move.steps = self.migration._move(move.user)
        move.not_before = time.monotonic() + seconds
        self._resting.append(move)

    def _write(self) -> None:
        """Write and report the results; after a transient failure, leave them for the next time."""
        try:
            written = settle(self._results)
        except OperationalError as error:
            # No longer, or the lease would expire.
            self.stop.wait(min(self._failures.note(error)[0], LONGEST_SLEEP))
            return
        self._results = []
        for user, outcome in written:
            self.note(user, outcome)

    def _end(self) -> None:
        """Wait for the calls in flight, and write their results."""
        wait(self._in_flight)
        errors = []
        for future in list(self._in_flight):
            try:
                self._go_on(future)
            except Exception as error:  # noqa: BLE001 - raised below, once the others are written
                errors.append(error)
        self._write()
        if errors:
            raise errors[0]
