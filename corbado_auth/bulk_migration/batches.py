"""The local side of many users at once: a few statements for all of them.

What UserMigration promises of one user holds here: the time of a question is committed before it
is asked, account row and outcome are one transaction, whoever was tied first stays tied. Where a
statement for all of them fails, each is left to be looked at alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from string import digits
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.crypto import get_random_string

from corbado_auth.conf import conf
from corbado_auth.existing_users.migration import UserMigration
from corbado_auth.existing_users.outcomes import Outcome, Question
from corbado_auth.models import CorbadoAccount, MigrationAttempt, db_for_write
from corbado_auth.signals import send_account_linked

__all__ = ["Settled", "forget_questions", "look_again", "note_questions", "settle"]

Settled = list[tuple[Any, Outcome]]


def look_again(migration: UserMigration, users: Sequence[Any]) -> tuple[list[Any], Settled]:
    """Read these users as the database has them now: about whom Corbado is next, and the rest."""
    known = {user.pk: user for user in migration.considered.filter(pk__in=[u.pk for u in users])}
    ask: list[Any] = []
    rest: Settled = []
    for user in users:
        now = known.get(user.pk)
        outcome = migration.look(now) if now is not None else Outcome("skipped", "gone")
        if outcome is None:
            ask.append(now)
        else:
            rest.append((user, outcome))
    return ask, settle(migration, rest)


def note_questions(migration: UserMigration, users: Sequence[Any]) -> Mapping[Any, Question]:
    """Write down what is about to be asked about these users, and return it by primary key.

    Not of those of whom an answer was lost: that stands until somebody has looked at Corbado. Nor
    of somebody who was deleted meanwhile, with the row, or whom another worker asks about by now.
    """
    asked = {user._attempt: user for user in users if user._asked_at is None}
    rows = MigrationAttempt.objects.using(db_for_write()).filter(pk__in=asked)
    now = timezone.now()
    # The database writes the marks: all rows at once, and no two marks alike.
    batch = f"{Question.MARK}{get_random_string(10, digits)}"
    mark = Concat(Value(batch), Cast("pk", CharField()))
    if rows.filter(asked_at=None).update(asked_at=now, request_id=mark) < len(asked):
        asked = {pk: asked[pk] for pk in rows.filter(asked_at=now).values_list("pk", flat=True)}
    return {user.pk: Question(now, f"{batch}{attempt}") for attempt, user in asked.items()}


def forget_questions(users: Sequence[Any]) -> None:
    """Take back what was written down about these users: it has not been asked, after all."""
    _attempts(users).update(asked_at=None)


def settle(migration: UserMigration, results: Sequence[tuple[Any, Outcome]]) -> Settled:
    """Write what became of these users; return it as it is written."""
    moved = [(user, outcome) for user, outcome in results if outcome.has_moved]
    rest = [(user, outcome) for user, outcome in results if not outcome.has_moved]
    # First, so that where it fails nobody is tied: the next look would call them moved before.
    for outcome, user_ids in _grouped(rest).items():
        migration.record(user_ids, outcome)
    if not (moved and _tie(migration, moved)):
        moved = [(user, migration.settle(user, outcome)) for user, outcome in moved]
    return [*moved, *rest]


def _tie(migration: UserMigration, moved: Settled) -> bool:
    """Write all account rows and outcomes, or none: False where one of them cannot be."""
    if not connections[db_for_write()].features.can_return_rows_from_bulk_insert:
        return False  # Receivers of account_linked want the primary key.
    accounts = [migration.account_for(user, outcome) for user, outcome in moved]
    try:
        with transaction.atomic(using=db_for_write()):
            CorbadoAccount.objects.using(db_for_write()).bulk_create(accounts)
            for outcome, user_ids in _grouped(moved).items():
                migration.record(user_ids, outcome)
    except IntegrityError:
        return False
    for account in accounts:
        send_account_linked(account)
    return True


def _grouped(results: Settled) -> Mapping[Outcome, list[Any]]:
    groups: dict[Outcome, list[Any]] = defaultdict(list)
    for user, outcome in results:
        groups[Outcome(outcome.kind, outcome.reason)].append(user.pk)
    return groups


def _attempts(users: Sequence[Any]) -> QuerySet[MigrationAttempt]:
    attempts = MigrationAttempt.objects.using(db_for_write())
    return attempts.filter(
        project_id=conf.CORBADO_PROJECT_ID, user_id__in=[user.pk for user in users]
    )
