"""Move one existing user over to Corbado, ahead of their first sign-in.

A site subclasses UserMigration and names the subclass in CORBADO_USER_MIGRATION. The command
``corbado_migrate_users`` does the loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Literal

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, router, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.module_loading import import_string

from .conf import conf
from .identity import CorbadoUser
from .local_users import email_field_name, email_of, lowered, same_address, users_with_email
from .models import CorbadoAccount, MigrationAttempt
from .service import CorbadoService
from .signals import account_linked

__all__ = ["Outcome", "UserMigration", "user_migration_class"]

Kind = Literal["created", "linked", "skipped", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Say what became of one user: ``reason`` is a code, empty where the user has moved."""

    kind: Kind
    reason: str = ""
    corbado_user_id: str = ""

    @property
    def has_moved(self) -> bool:
        """Tell whether the user is tied to a Corbado user now because of this."""
        return self.kind in {"created", "linked"}


class UserMigration:
    """Create, find or refuse the Corbado user of one existing user.

    Safe to stop anywhere and run again, a lost answer included: nobody is created twice, and a
    stranger who registered an address at Corbado first gets nothing.
    """

    # Move staff and superusers too? The command's --include-staff says yes.
    include_staff = False

    # By how many seconds may Corbado's clock differ from ours, when we ask whether a Corbado user
    # was created by an attempt of ours whose answer was lost?
    clock_tolerance = 5

    # Names of methods that ``--filter`` may call: each takes and returns a queryset of users.
    filters: ClassVar[tuple[str, ...]] = ()

    def __init__(self, service: CorbadoService | None = None) -> None:
        """Use ``service`` to ask Corbado."""
        self.service = service or CorbadoService()
        self._duplicates: frozenset[str] | None = None

    # What a site may override ---------------------------------------------------------------

    def get_queryset(self) -> QuerySet[Any]:
        """Return the users to consider: those without an account, by default."""
        account = CorbadoAccount.objects.filter(
            project_id=conf.CORBADO_PROJECT_ID, user_id=OuterRef("pk")
        )
        users = get_user_model()._default_manager.using(_database())
        return users.filter(~Exists(account))

    def full_name(self, user: Any) -> str:
        """Return the name that Corbado shows for this user."""
        get_full_name = getattr(user, "get_full_name", None)
        return str(get_full_name()).strip() if get_full_name else ""

    def check(self, user: Any) -> Outcome | None:
        """Return why this user is not moved, as far as we know alone; None for one who may be."""
        if CorbadoAccount.objects.using(_database()).filter(
            project_id=conf.CORBADO_PROJECT_ID, user_id=user.pk
        ):
            return Outcome("skipped", "already_linked")
        if not user.is_active:
            return Outcome("skipped", "inactive")
        privileged = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
        if privileged and not self.include_staff:
            return Outcome("skipped", "staff")
        return self.check_email(email_of(user))

    def check_email(self, address: str) -> Outcome | None:
        """Return why nobody is moved with this address; addresses are reported, never guessed."""
        if not address:
            return Outcome("refused", "no_email")
        try:
            validate_email(address)
        except ValidationError:
            return Outcome("refused", "invalid_email")
        if self._is_shared(address):
            return Outcome("refused", "duplicate_email")
        return None

    # The journey ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Look up all shared addresses at once, for a walk over many users."""
        field = email_field_name()
        if field is None:
            return
        users = get_user_model()._default_manager.using(_database())
        shared = (
            users.exclude(**{field: ""})
            .values_list(Lower(field))
            .annotate(number=Count("pk"))
            .filter(number__gt=1)
            .order_by()
        )
        self._duplicates = frozenset(lowered(address) for address, _number in shared.iterator())

    def migrate(self, user: Any) -> Outcome:
        """Move one user, and return what became of them; raises CorbadoError."""
        outcome = self.check(user) or self._ask_corbado(user, email_of(user))
        self._record(user, outcome)
        return outcome

    def _record(self, user: Any, outcome: Outcome) -> None:
        """Close the attempt: the answer is known, and the claim of the worker ends."""
        closed = {
            "outcome": outcome.kind,
            "reason": outcome.reason,
            "finished_at": timezone.now(),
            "claimed_until": None,
            "asked_at": None,
        }
        attempts = MigrationAttempt.objects.using(_database())
        known = attempts.filter(project_id=conf.CORBADO_PROJECT_ID, user_id=user.pk)
        if not known.update(**closed) and outcome.reason != "deleted":
            attempts.create(project_id=conf.CORBADO_PROJECT_ID, user_id=user.pk, **closed)

    def _ask_corbado(self, user: Any, address: str) -> Outcome:
        attempt = self._attempt_for(user)
        if attempt.asked_at is not None:
            # An answer was lost. Look before asking again, or the window of what may be ours would
            # move on and leave our own Corbado user behind.
            known = self._find(user, address, attempt)
            if known is not None:
                return known
        self._note_question(attempt)
        corbado_user_id = self.service.create_user(
            address, full_name=self.full_name(user), request_id=attempt.request_id
        )
        if corbado_user_id is not None:
            return self._tie(user, corbado_user_id, "created", email="")
        # Somebody has the address; it may be us, if the connection died and was tried once more.
        known = self._find(user, address, attempt)
        return known or Outcome("refused", "taken_at_corbado")

    def _find(self, user: Any, address: str, attempt: MigrationAttempt) -> Outcome | None:
        found = self.service.find_users(address)
        if not found:
            return None
        if len(found) > 1:
            return Outcome("refused", "ambiguous_at_corbado")
        person = found[0]
        if person.is_gone:
            return Outcome("refused", "corbado_user_deleted")
        if any(same_address(each, address) for each in person.verified_emails):
            return self._tie(user, person.id, "linked", email=address)
        if self._is_ours(person, attempt):
            return self._tie(user, person.id, "created", email="")
        # Anybody can register an address at Corbado and leave it pending.
        return Outcome("refused", "corbado_user_unconfirmed")

    def _is_ours(self, person: CorbadoUser, attempt: MigrationAttempt) -> bool:
        """Tell whether our own attempt made this Corbado user, whose answer we never saw.

        Only within the attempt, and only without a passkey: a stranger who registered first has
        one, or has the time against them.
        """
        if attempt.asked_at is None or person.created is None:
            return False
        tolerance = timedelta(seconds=self.clock_tolerance)
        call = timedelta(seconds=sum(conf.CORBADO_TIMEOUT) + 1)
        # Corbado's times have no fractions of a second (contract 2).
        earliest = attempt.asked_at.replace(microsecond=0) - tolerance
        if not earliest <= person.created <= attempt.asked_at + call + tolerance:
            return False
        return not self.service.list_passkeys(person.id)

    def _tie(self, user: Any, corbado_user_id: str, kind: Kind, *, email: str) -> Outcome:
        """Write the account row; whoever was tied first, stays tied."""
        account = CorbadoAccount(
            user_id=user.pk,
            project_id=conf.CORBADO_PROJECT_ID,
            corbado_user_id=corbado_user_id,
            email=email,
        )
        try:
            with transaction.atomic(using=_database()):
                account.save(using=_database(), force_insert=True)
        except IntegrityError:
            return self._why_not_tied(user)
        transaction.on_commit(
            lambda: account_linked.send_robust(
                sender=CorbadoAccount, request=None, account=account, created=False
            ),
            using=_database(),
            robust=True,
        )
        return Outcome(kind, corbado_user_id=corbado_user_id)

    def _why_not_tied(self, user: Any) -> Outcome:
        accounts = CorbadoAccount.objects.using(_database())
        if accounts.filter(project_id=conf.CORBADO_PROJECT_ID, user_id=user.pk).exists():
            # The person signed in through Corbado in this very moment.
            return Outcome("skipped", "already_linked")
        users = get_user_model()._default_manager.using(_database())
        if not users.filter(pk=user.pk).exists():
            return Outcome("skipped", "deleted")
        return Outcome("refused", "corbado_user_has_other_account")

    def _attempt_for(self, user: Any) -> MigrationAttempt:
        attempt, _created = MigrationAttempt.objects.using(_database()).get_or_create(
            user_id=user.pk, project_id=conf.CORBADO_PROJECT_ID
        )
        return attempt

    def _note_question(self, attempt: MigrationAttempt) -> None:
        """Write before the call what tells our own Corbado user from a stranger's afterwards."""
        attempt.asked_at = timezone.now()
        attempt.request_id = f"req-{get_random_string(20, '0123456789')}"
        attempt.save(using=_database(), update_fields=["asked_at", "request_id"])

    def _is_shared(self, address: str) -> bool:
        if self._duplicates is not None:
            return lowered(address) in self._duplicates
        return len(users_with_email([address], using=_database())) > 1


def user_migration_class() -> type[UserMigration]:
    """Return the class that CORBADO_USER_MIGRATION names."""
    found = import_string(conf.CORBADO_USER_MIGRATION)
    if not (isinstance(found, type) and issubclass(found, UserMigration)):
        raise TypeError("CORBADO_USER_MIGRATION does not name a subclass of UserMigration.")
    return found


def _database() -> str:
    return router.db_for_write(CorbadoAccount)
