"""Moving one existing user to Corbado, before their first sign-in.

Sites can subclass UserMigration and name the subclass in CORBADO_USER_MIGRATION. The command
``corbado_migrate_users`` calls it for each user.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from corbado_auth.addresses import same_address
from corbado_auth.backends import corbado_backend
from corbado_auth.conf import conf
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoError, CorbadoRejected
from corbado_auth.identity import CorbadoUser
from corbado_auth.local_users import email_of, is_shared_address, shared_addresses
from corbado_auth.models import db_for_write

from .outcomes import Outcome, Question
from .records import Result, forget_question, note_questions, settle, with_state

__all__ = ["Outcome", "UserMigration"]

# A step is a request to Corbado, to be carried out in any thread; None means that the next request
# needs a turn of its own, if there is a rate limit. The database is only used between steps, in the
# thread that iterates over them.
Step = Callable[[], Any] | None
Steps = Generator[Step, Any, Result]


class UserMigration:
    """The migration of one existing user: creates, finds or refuses their Corbado user.

    Safe to stop and run again, even after a lost answer: nobody is created twice, and a stranger
    who registered an address at Corbado first gains nothing.
    """

    # Move staff and superusers, too? The command's --include-staff turns this on.
    include_staff = False

    # Names of methods that ``--filter`` may call: each takes and returns a queryset of users.
    filters: ClassVar[tuple[str, ...]] = ()

    # By how many seconds may Corbado's clock differ from ours when we decide whether a Corbado user
    # was created by a request of ours whose answer was lost?
    _clock_tolerance = 5

    # How often do we try a user while Corbado does not answer? How many seconds lie between the
    # first two tries (doubled each time), and how many at most?
    _tries = 5
    _first_wait = 1.0
    _longest_wait = 60.0

    # After how many failures in a row, in all threads, does the run stop by itself?
    _failures_in_a_row = 20

    def __init__(self, service: CorbadoService | None = None) -> None:
        """Use ``service`` to call Corbado; default is one from the settings."""
        self.service = service or CorbadoService()
        self._shared: frozenset[str] | None = None

    # What a site may override ---------------------------------------------------------------

    def get_queryset(self) -> QuerySet[Any]:
        """Return the users to consider: all, by default. Users who have moved cost nothing."""
        return get_user_model()._default_manager.using(db_for_write()).all()

    def full_name(self, user: Any) -> str:
        """Return the name that Corbado should show for this user."""
        get_full_name = getattr(user, "get_full_name", None)
        return str(get_full_name()).strip() if get_full_name else ""

    def has_proven_email(self, user: Any) -> bool:
        """Return whether this user has proved that they own the address.

        By default, the backend's ``local_emails_are_verified``, for all users alike. The owner of
        an unproven address would get an account that someone else has prepared, and whose password
        that person still knows.
        """
        backend = corbado_backend()
        return backend is not None and backend.local_emails_are_verified is True

    def check(self, user: Any) -> Outcome | None:
        """Return why local rules exclude this user; None if the user may be moved."""
        if not user.is_active:
            return Outcome("skipped", "inactive")
        privileged = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
        if privileged and not self.include_staff:
            return Outcome("skipped", "staff")
        unfit = self._check_email(email_of(user))
        if unfit is None and not self.has_proven_email(user):
            backend = corbado_backend()
            is_answered = backend is not None and backend.local_emails_are_verified is not None
            return Outcome("refused", "unproven_email" if is_answered else "emails_unanswered")
        return unfit

    def _check_email(self, address: str) -> Outcome | None:
        """Return why this address is refused, or None; addresses are reported, never corrected."""
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

    def migrate(self, user: Any) -> Outcome:
        """Move one user, read again from the database, and record the outcome.

        Raises CorbadoUnavailable (try again; the attempt stays open) and CorbadoRejected.
        """
        ((_user, outcome),) = settle([_carry_out(self._move(user))])
        return outcome

    def _prepare(self) -> None:
        """Look up all shared addresses in advance, for a run over many users."""
        self._shared = shared_addresses(using=db_for_write())

    def _look(self, user: Any) -> Outcome | None:
        """Return the outcome if the database alone decides it; None if Corbado has to be asked."""
        known = user._corbado_user_id
        return Outcome("skipped", "already_linked", known) if known else self.check(user)

    def _read_again(self, users: Sequence[Any]) -> list[tuple[Any, Outcome | None]]:
        """Read these users again, and return each with the result of ``_look``."""
        now = {user.pk: user for user in self._considered.filter(pk__in=[u.pk for u in users])}
        return [
            (now[user.pk], self._look(now[user.pk]))
            if user.pk in now
            else (user, Outcome("skipped", "gone"))
            for user in users
        ]

    @cached_property
    def _considered(self) -> QuerySet[Any]:
        """Return the users with their state; built once, since compiling the query takes time."""
        return with_state(self.get_queryset())

    def _move(self, user: Any, question: Question | None = None) -> Steps:
        """Determine a user's outcome, step by step; the caller then calls ``settle``.

        A ``question`` has been recorded already, for a user who was just read, and has its turn.
        """
        if question is None:
            ((user, outcome),) = self._read_again([user])
            if outcome is not None:
                return user, outcome
        return user, (yield from self._ask(user, question))

    def _ask(self, user: Any, question: Question | None) -> Generator[Step, Any, Outcome]:
        address = email_of(user)
        lost_question = user._asked_at
        if lost_question is not None:
            # Look before asking again, or the time window for our own Corbado user would move on
            # without it.
            known = yield from self._find(address, lost_question)
            if known is not None:
                return known
        if question is None:
            yield None
            question = note_questions([user]).get(user.pk)
            if question is None:
                return Outcome("skipped", "gone")
        try:
            corbado_user_id = yield partial(
                self.service.create_user,
                address,
                full_name=self.full_name(user),
                request_id=question.request_id,
                # Never resent automatically: "there is one already" has to mean someone else.
                resend=False,
            )
        except CorbadoRejected as error:
            if error.error_type != "validation_error":
                raise
            forget_question(user)
            return Outcome("refused", "rejected_by_corbado")
        if corbado_user_id is not None:
            return Outcome("created", corbado_user_id=corbado_user_id)
        if lost_question is None:
            # The only question was answered: no Corbado user can be one that we created.
            forget_question(user)
        known = yield from self._find(address, lost_question and question.asked_at)
        return known or Outcome("refused", "taken_at_corbado")

    def _find(
        self, address: str, lost_question: datetime | None
    ) -> Generator[Step, Any, Outcome | None]:
        yield None
        found = yield partial(self.service.find_users, address)
        if not found:
            return None
        if len(found) > 1:
            return Outcome("refused", "ambiguous_at_corbado")
        person: CorbadoUser = found[0]
        if person.is_gone:
            return Outcome("refused", "corbado_user_deleted", person.id)
        if any(same_address(each, address) for each in person.verified_emails):
            return Outcome("linked", corbado_user_id=person.id)
        if lost_question is not None and self._is_in_time(person, lost_question):
            yield None
            yield None  # The next lookup takes two requests.
            # A stranger who registered within the same seconds has a passkey.
            if not (yield partial(self.service.list_passkeys, person.id)):
                return Outcome("created", corbado_user_id=person.id)
        # Anyone can register an address at Corbado and leave it unconfirmed.
        return Outcome("refused", "corbado_user_unconfirmed", person.id)

    def _is_in_time(self, person: CorbadoUser, asked_at: datetime) -> bool:
        """Return whether this Corbado user was created while our request was in flight."""
        if person.created is None:
            return False
        if timezone.is_naive(asked_at):  # USE_TZ = False
            asked_at = timezone.make_aware(asked_at)
        tolerance = timedelta(seconds=self._clock_tolerance)
        call = timedelta(seconds=sum(conf.CORBADO_TIMEOUT) + 1)
        # Corbado's timestamps have no fractions of a second (API notes 2).
        earliest = asked_at.replace(microsecond=0) - tolerance
        return earliest <= person.created <= asked_at + call + tolerance


def _carry_out(steps: Steps) -> Result:
    """Carry out the steps in this thread."""
    resume: Callable[[], Step] = partial(next, steps)
    while True:
        try:
            step = resume()
        except StopIteration as end:
            result: Result = end.value
            return result
        resume = partial(steps.send, None)
        if step is not None:
            try:
                resume = partial(steps.send, step())
            except CorbadoError as error:
                resume = partial(steps.throw, error)


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
