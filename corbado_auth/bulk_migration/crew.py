"""The threads that ask Corbado, each about one user at a time, and again where that may help."""

from __future__ import annotations

import queue
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connections
from django.utils import timezone

from corbado_auth.exceptions import CorbadoError, CorbadoRejected, CorbadoUnavailable
from corbado_auth.existing_users.migration import UserMigration
from corbado_auth.existing_users.outcomes import Outcome, Question
from corbado_auth.models import db_for_write

from .batches import forget_questions
from .pace import Halt, Pace, Stopped

__all__ = ["Crew", "Result"]

TOO_MANY = 429
# The longest that Corbado may ask us to wait; a blocked address is free after ten minutes.
LONGEST_RETRY_AFTER = 900
# A question that waited longer for its thread is written down anew: what may be ours at Corbado is
# told by its time.
FRESH = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Result:
    """Say what came of one user: None where the run ended before, an exception to be raised.

    What is not ``is_settled`` has yet to be written; with None, that nothing was asked.
    """

    user: Any
    outcome: Outcome | Exception | None
    is_settled: bool = True


class Crew:
    """Take users in, and give results back; with ``threads`` 0, ``move`` is called directly.

    A user with a question that is written down needs no database here as long as all goes well.
    """

    def __init__(self, migration: UserMigration, pace: Pace, halt: Halt, threads: int) -> None:
        self.migration = migration
        self.under_way = 0
        self._pace = pace
        self._halt = halt
        self._threads = [
            threading.Thread(target=self._work, name=f"corbado-{number}", daemon=True)
            for number in range(threads)
        ]
        self._inbox: queue.SimpleQueue[tuple[Any, Question | None] | None] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._failures_in_a_row = 0
        self._last_failure = 0.0

    def start(self) -> None:
        """Let the threads wait for work."""
        for thread in self._threads:
            thread.start()

    def hand(self, user: Any, question: Question | None) -> None:
        """Give a user to the next thread that is free."""
        self.under_way += 1
        self._inbox.put((user, question))

    def results(self) -> list[Result]:
        """Return what has come back so far."""
        results = []
        while not self._outbox.empty():
            results.append(self._outbox.get())
        self.under_way -= len(results)
        return results

    def end(self) -> None:
        """Let the calls in flight end, and begin no more."""
        started = [thread for thread in self._threads if thread.ident]
        with suppress(queue.Empty):
            while job := self._inbox.get_nowait():
                self._outbox.put(Result(job[0], None, is_settled=job[1] is None))
        for _thread in started:
            self._inbox.put(None)
        for thread in started:
            thread.join()

    def move(self, user: Any, question: Question | None = None) -> Result:
        """Try until Corbado has answered."""
        tries = 0
        try:
            while tries < self.migration.tries:
                self._halt.wait(0)
                try:
                    if question is not None:
                        outcome = self._ask(user, question)
                    else:
                        outcome = self.migration.migrate(user)
                except (CorbadoUnavailable, OperationalError) as error:
                    question = None  # From now on we look before we ask.
                    if isinstance(error, OperationalError):
                        connections[db_for_write()].close_if_unusable_or_obsolete()
                    tries += self._failed(error, tries)
                else:
                    self._failures_in_a_row = 0
                    return Result(user, outcome, is_settled=question is None)
        except CorbadoRejected as error:
            self._halt.stop(f"{error}.")
            return Result(user, None)
        except Stopped:
            return Result(user, None, is_settled=question is None)
        outcome = Outcome("refused", "no_answer")
        self.migration.record([user.pk], outcome)
        return Result(user, outcome)

    def _work(self) -> None:
        try:
            while (job := self._inbox.get()) is not None:
                try:
                    result = self.move(*job)
                except Exception as error:  # noqa: BLE001 - raised again in the main thread
                    result = Result(job[0], error)
                self._outbox.put(result)
        finally:
            connections.close_all()

    def _ask(self, user: Any, question: Question) -> Outcome:
        if self._pace.is_paused:
            self._pace.take_turn()
        if abs(timezone.now() - question.asked_at) > FRESH:
            return self._ask_late(user)
        return self.migration.ask(user, question)

    def _ask_late(self, user: Any) -> Outcome:
        """Read somebody again whose question has waited for its thread, and write it down anew."""
        forget_questions([user])  # It was not asked: no answer can be lost.
        now = next(iter(self.migration.considered.filter(pk=user.pk)), None)
        if now is None:
            return Outcome("skipped", "gone")
        known = self.migration.look(now)
        return known or self.migration.ask(now, self.migration.note_question(now))

    # Failures ---------------------------------------------------------------------------------

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
