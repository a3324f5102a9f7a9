"""Move one existing user over to Corbado, ahead of their first sign-in.

A site subclasses UserMigration and names the subclass in CORBADO_USER_MIGRATION. The command
``corbado_migrate_users`` does the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.module_loading import import_string

from corbado_auth.backends import corbado_backend
from corbado_auth.conf import conf
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoRejected
from corbado_auth.identity import CorbadoUser
from corbado_auth.local_users import email_of, is_shared_address, same_address, shared_addresses
from corbado_auth.models import CorbadoAccount, MigrationAttempt, db_for_write
from corbado_auth.signals import send_account_linked

from .outcomes import Outcome, Question

__all__ = ["Outcome", "UserMigration"]


class UserMigration:
    """Create, find or refuse the Corbado user of one existing user.

    Safe to stop and run again, after a lost answer too: nobody is created twice, and a stranger who
    registered an address at Corbado first gets nothing. One instance serves many threads.
    """

    # Move staff and superusers too? The command's --include-staff says yes.
    include_staff = False

    # Names of methods that ``--filter`` may call: each takes and returns a queryset of users.
    filters: ClassVar[tuple[str, ...]] = ()

    # By how many seconds may Corbado's clock differ from ours, when we ask whether a Corbado user
    # was created by an attempt of ours whose answer was lost?
    clock_tolerance = 5

    # How often is one user tried when Corbado does not answer, how many seconds lie between the
    # first two tries (doubled each time), and how many at most?
    tries = 5
    first_wait = 1.0
    longest_wait = 60.0

    # After how many failures in a row, in all threads, does the run stop by itself?
    failures_in_a_row = 20

    def __init__(
        self,
        service: CorbadoService | None = None,
        *,
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Use ``service`` to ask Corbado, each time within a ``turn()``."""
        self.service = service or CorbadoService()
        self.turn = turn
        self._shared: frozenset[str] | None = None

    # What a site may override ---------------------------------------------------------------

    def get_queryset(self) -> QuerySet[Any]:
        """Return the users to consider: all, by default. Those who have moved are no work."""
        return get_user_model()._default_manager.using(db_for_write()).all()

    def full_name(self, user: Any) -> str:
        """Return the name that Corbado shows for this user."""
        get_full_name = getattr(user, "get_full_name", None)
        return str(get_full_name()).strip() if get_full_name else ""

    def has_proven_email(self, user: Any) -> bool:
        """Tell whether this user proved to own the address: by default, the backend says it of all.

        Whoever owns an unproven address would get an account that somebody else has prepared, and
        still knows the password of.
        """
        backend = corbado_backend()
        return backend is not None and backend.local_emails_are_verified

    def check(self, user: Any) -> Outcome | None:
        """Return why this user is not moved, by local rules alone; None for one who may be."""
        if not user.is_active:
            return Outcome("skipped", "inactive")
        privileged = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
        if privileged and not self.include_staff:
            return Outcome("skipped", "staff")
        unfit = self.check_email(email_of(user))
        if unfit is None and not self.has_proven_email(user):
            return Outcome("refused", "unproven_email")
        return unfit

    def check_email(self, address: str) -> Outcome | None:
        """Return why nobody is moved with this address; addresses are reported, never guessed."""
        if not address:
            return Outcome("refused", "no_email")
        try:
            validate_email(address)
        except ValidationError:
            return Outcome("refused", "invalid_email")
        if is_shared_address(address, using=db_for_write(), known=self._shared):
            return Outcome("refused", "duplicate_email")
        return None

    # The journey ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Look up all shared addresses at once, for a walk over many users."""
        self._shared = shared_addresses(using=db_for_write())

    def migrate(self, user: Any) -> Outcome:
        """Move one user as the database has them now, and record what became of them.

        Raises CorbadoUnavailable (try again; the attempt stays open) and CorbadoRejected.
        """
        user = next(iter(self.considered.filter(pk=user.pk)), None)
        if user is None:
            return Outcome("skipped", "gone")
        return self.settle(user, self.look(user) or self.ask(user))

    def look(self, user: Any) -> Outcome | None:
        """Return what the database alone says of one of ``considered``; None if Corbado is next."""
        known = user._corbado_user_id
        return Outcome("skipped", "already_linked", known) if known else self.check(user)

    def settle(self, user: Any, outcome: Outcome) -> Outcome:
        """Write what became of one user: the account row and the outcome, in one transaction."""
        if outcome.has_moved:
            outcome = self._tie(user, outcome)
        if not outcome.has_moved:
            self.record([user.pk], outcome)
        return outcome

    def record(self, user_ids: Collection[Any], outcome: Outcome) -> None:
        """Write what became of these users, and end the claims of whoever worked on them."""
        attempts = MigrationAttempt.objects.using(db_for_write())
        attempts.close(conf.CORBADO_PROJECT_ID, user_ids, outcome)

    @cached_property
    def considered(self) -> QuerySet[Any]:
        """Return the users with what we know of them: made once, for it takes its time."""
        ours = {"project_id": conf.CORBADO_PROJECT_ID, "user_id": OuterRef("pk")}
        account = CorbadoAccount.objects.filter(**ours).values("corbado_user_id")[:1]
        attempt = MigrationAttempt.objects.filter(**ours)
        known = {
            "_corbado_user_id": Subquery(account),
            "_attempt": Subquery(attempt.values("pk")[:1]),
            "_asked_at": Subquery(attempt.values("asked_at")[:1]),
        }
        users: QuerySet[Any] = self.get_queryset().annotate(**known)
        return users

    def ask(self, user: Any, question: Question | None = None) -> Outcome:
        """Return what Corbado makes of one of ``considered``; ``settle`` has to follow.

        A ``question`` is written down already and has had its turn. Without one, both is done here.
        """
        address = email_of(user)
        lost_question = user._asked_at
        if lost_question is not None:
            # Look before asking again, or the window of what may be ours would move on and leave
            # our own Corbado user behind.
            known = self._find(address, lost_question)
            if known is not None:
                return known
        try:
            with nullcontext() if question else self.turn():
                question = question or self.note_question(user)
                corbado_user_id = self._create(user, address, question)
        except CorbadoRejected as error:
            if error.error_type != "validation_error":
                raise
            self._write(user, asked_at=None)
            return Outcome("refused", "rejected_by_corbado")
        if corbado_user_id is not None:
            return Outcome("created", corbado_user_id=corbado_user_id)
        if lost_question is None:
            # The only question has its answer: nobody at Corbado can be of our making.
            self._write(user, asked_at=None)
        known = self._find(address, lost_question and question.asked_at)
        return known or Outcome("refused", "taken_at_corbado")

    def note_question(self, user: Any) -> Question:
        """Write down what tells our own Corbado user from a stranger's afterwards."""
        question = Question.now()
        self._write(user, asked_at=question.asked_at, request_id=question.request_id)
        return question

    def _create(self, user: Any, address: str, question: Question) -> str | None:
        # Not sent twice behind our back: "there is one already" has to mean somebody else.
        return self.service.create_user(
            address, full_name=self.full_name(user), request_id=question.request_id, resend=False
        )

    def _find(self, address: str, lost_question: datetime | None) -> Outcome | None:
        with self.turn():
            found = self.service.find_users(address)
        if not found:
            return None
        if len(found) > 1:
            return Outcome("refused", "ambiguous_at_corbado")
        person = found[0]
        if person.is_gone:
            return Outcome("refused", "corbado_user_deleted", person.id)
        if any(same_address(each, address) for each in person.verified_emails):
            return Outcome("linked", corbado_user_id=person.id)
        if lost_question is not None and self._is_ours(person, lost_question):
            return Outcome("created", corbado_user_id=person.id)
        # Anybody can register an address at Corbado and leave it pending.
        return Outcome("refused", "corbado_user_unconfirmed", person.id)

    def _is_ours(self, person: CorbadoUser, asked_at: datetime) -> bool:
        """Tell whether our own question of that time made this Corbado user.

        Only within the attempt, and only without a passkey: a stranger who registered first has
        one, or has the time against them.
        """
        if person.created is None:
            return False
        if timezone.is_naive(asked_at):  # USE_TZ = False
            asked_at = timezone.make_aware(asked_at)
        tolerance = timedelta(seconds=self.clock_tolerance)
        call = timedelta(seconds=sum(conf.CORBADO_TIMEOUT) + 1)
        # Corbado's times have no fractions of a second (API notes 2).
        earliest = asked_at.replace(microsecond=0) - tolerance
        if not earliest <= person.created <= asked_at + call + tolerance:
            return False
        with self.turn():
            pass  # The next question takes two requests.
        with self.turn():
            return not self.service.list_passkeys(person.id)

    def account_for(self, user: Any, outcome: Outcome) -> CorbadoAccount:
        """Return the row, not yet saved, of somebody who has moved."""
        return CorbadoAccount(
            user_id=user.pk,
            project_id=conf.CORBADO_PROJECT_ID,
            corbado_user_id=outcome.corbado_user_id,
            email=email_of(user) if outcome.kind == "linked" else "",
        )

    def _tie(self, user: Any, outcome: Outcome) -> Outcome:
        """Write the account row and the outcome together; whoever was tied first, stays tied."""
        account = self.account_for(user, outcome)
        try:
            with transaction.atomic(using=db_for_write()):
                account.save(using=db_for_write(), force_insert=True)
                self.record([user.pk], outcome)
        except IntegrityError:
            return self._why_not_tied(user, outcome.corbado_user_id)
        send_account_linked(account)
        return outcome

    def _why_not_tied(self, user: Any, corbado_user_id: str) -> Outcome:
        accounts = CorbadoAccount.objects.using(db_for_write())
        account = accounts.filter(project_id=conf.CORBADO_PROJECT_ID, user_id=user.pk).first()
        if account is not None:
            # The person signed in through Corbado in this very moment.
            return Outcome("skipped", "already_linked", account.corbado_user_id)
        if not get_user_model()._base_manager.using(db_for_write()).filter(pk=user.pk).exists():
            return Outcome("skipped", "gone", corbado_user_id)
        return Outcome("refused", "corbado_user_has_other_account", corbado_user_id)

    def _write(self, user: Any, **values: Any) -> None:
        attempts = MigrationAttempt.objects.using(db_for_write())
        ours = {"project_id": conf.CORBADO_PROJECT_ID, "user_id": user.pk}
        if not attempts.filter(**ours).update(**values):
            attempts.ensure(conf.CORBADO_PROJECT_ID, [user.pk])
            attempts.filter(**ours).update(**values)


def user_migration_class() -> type[UserMigration]:
    """Return the class that CORBADO_USER_MIGRATION names."""
    name = conf.CORBADO_USER_MIGRATION
    try:
        found = import_string(name)
    except ImportError as error:
        raise ImproperlyConfigured(f"CORBADO_USER_MIGRATION: {error}") from error
    if not (isinstance(found, type) and issubclass(found, UserMigration)):
        raise ImproperlyConfigured(
            f"CORBADO_USER_MIGRATION: {name} is not a subclass of UserMigration."
        )
    return found
