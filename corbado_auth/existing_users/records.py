"""Database records of the migration: reading and writing the state of each user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, connections, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.local_users import email_of
from corbado_auth.models import CorbadoAccount, MigrationAttempt, db_for_write

from .outcomes import MOVED, Kind, Outcome, Question

__all__ = ["Result", "forget_question", "note_questions", "settle", "with_state"]

Result = tuple[Any, Outcome]


def with_state(users: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate what is known of each user: their Corbado user, and any unanswered question."""
    account = CorbadoAccount.objects.in_project().filter(user_id=OuterRef("pk"))
    attempt = MigrationAttempt.objects.in_project().filter(user_id=OuterRef("pk"))
    annotated: QuerySet[Any] = users.annotate(
        _corbado_user_id=Subquery(account.values("corbado_user_id")[:1]),
        _asked_at=Subquery(attempt.values("asked_at")[:1]),
    )
    return annotated


def note_questions(users: Sequence[Any]) -> Mapping[Any, Question]:
    """Record what is about to be asked about these users, and return it by primary key.

    Afterwards it distinguishes Corbado users that we created from others. Deleted users are left
    out.
    """
    questions = {user.pk: Question.now() for user in users}
    written = _write_attempts(
        {
            pk: {"asked_at": question.asked_at, "request_id": question.request_id}
            for pk, question in questions.items()
        }
    )
    return {pk: questions[pk] for pk in written}


def forget_question(user: Any) -> None:
    """Record that the question about this user has been answered."""
    MigrationAttempt.objects.current().filter(user_id=user.pk).update(asked_at=None)


def settle(results: Sequence[Result]) -> list[Result]:
    """Record what became of these users, and return the results as recorded.

    Account rows and outcomes are written in one transaction. If that fails, each user is written
    alone, and an existing link wins.
    """
    moved = [(user, outcome) for user, outcome in results if outcome.kind in MOVED]
    rest = [(user, outcome) for user, outcome in results if outcome.kind not in MOVED]
    # First, so that on failure nobody is linked: the next run would say "moved before".
    _record(rest)
    if not moved:
        return rest
    try:
        _link(moved)
    except IntegrityError:
        if len(moved) == 1:
            ((user, outcome),) = moved
            moved = [(user, _why_not_linked(user, outcome.corbado_user_id))]
            _record(moved)
        else:
            moved = [each for one in moved for each in settle([one])]
    return [*moved, *rest]


def _link(moved: Sequence[Result]) -> None:
    """Write all account rows and outcomes, or none of them."""
    with transaction.atomic(using=db_for_write()):
        CorbadoAccount.objects.link_many(
            (user, outcome.corbado_user_id, email_of(user) if outcome.kind == "linked" else "")
            for user, outcome in moved
        )
        _record(moved)


def _record(results: Sequence[Result]) -> None:
    groups: dict[tuple[Kind, str], list[Any]] = defaultdict(list)
    for user, outcome in results:
        groups[outcome.kind, outcome.reason].append(user.pk)
    for (kind, reason), user_ids in groups.items():
        _close_attempts(user_ids, kind, reason)


def _close_attempts(user_ids: Collection[Any], kind: Kind, reason: str) -> None:
    """Write what became of these users.

    The note about a lost answer is kept: the next try has to look at Corbado before it asks again.
    How someone moved is kept, too.
    """
    attempts = MigrationAttempt.objects.current().filter(user_id__in=user_ids)
    closed = {"outcome": kind, "reason": reason, "finished_at": timezone.now()}
    if reason == "already_linked":
        moved = Q(outcome__in=["created", "linked"]) | Q(reason=reason)
        attempts.exclude(moved).update(**closed)
    elif attempts.update(**closed) < len(user_ids):
        _write_attempts(dict.fromkeys(user_ids, closed))


def _write_attempts(values: Mapping[Any, Mapping[str, Any]]) -> Collection[Any]:
    """Insert or update rows; return the users who have one now.

    A user who has been deleted gets none.
    """
    using = db_for_write()
    by_name = connections[using].features.supports_update_conflicts_with_target
    user_ids: Collection[Any] = values
    # In a transaction a broken foreign key would show at the very end, and undo everything.
    look_first = connections[using].in_atomic_block
    for tries_left in (2, 1, 0):
        if look_first:
            users = get_user_model()._base_manager.using(using).filter(pk__in=user_ids)
            user_ids = list(users.values_list("pk", flat=True))
        rows = [
            MigrationAttempt(project_id=conf.CORBADO_PROJECT_ID, user_id=pk, **values[pk])
            for pk in user_ids
        ]
        try:
            with transaction.atomic(using=using):
                MigrationAttempt.objects.using(using).bulk_create(
                    rows,
                    update_conflicts=True,
                    update_fields=list(next(iter(values.values()), {})),
                    unique_fields=["project_id", "user"] if by_name else None,
                )
        except IntegrityError:
            if not tries_left:
                raise
            look_first = True
        else:
            break
    return user_ids


def _why_not_linked(user: Any, corbado_user_id: str) -> Outcome:
    account = CorbadoAccount.objects.for_user(user)
    if account is not None:
        # The person signed in through Corbado meanwhile.
        return Outcome("skipped", "already_linked", account.corbado_user_id)
    if not get_user_model()._base_manager.using(db_for_write()).filter(pk=user.pk).exists():
        return Outcome("skipped", "gone", corbado_user_id)
    return Outcome("refused", "corbado_user_has_other_account", corbado_user_id)
