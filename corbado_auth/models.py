"""The account, which links a Corbado user to a local user, and the app's other models."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, connections, models, router
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from .handles import MAX_HANDLE
from .indexes import BeginningIndex
from .invitations import StaffInvitation  # noqa: F401 -- Django looks for models here
from .managers import ConnectAccountQuerySet, CorbadoAccountQuerySet, ProjectQuerySet
from .passkey_record import KnownPasskeys, PasskeyName  # noqa: F401 -- the same
from .sign_in_record import ListedSession, SignInRecord  # noqa: F401 -- the same

if TYPE_CHECKING:
    from .identity import ConnectUser, CorbadoUser

# What sites query; the other models are internal.
__all__ = ["ConnectAccount", "CorbadoAccount"]


def db_for_write() -> str:
    """Return the alias of the database for writing: a replica may not have the latest rows yet."""
    return router.db_for_write(CorbadoAccount)


def db_of_users() -> str:
    """Return the alias of the database that local users are written to."""
    return router.db_for_write(get_user_model())


class CorbadoAccount(models.Model):
    """The link between one Corbado user of one Corbado project and one local user.

    From then on the row alone decides who signs in; ``email`` follows Corbado and is only for
    display and support. ``sign_in_count`` and the two times are about sign-ins through Corbado.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="corbado_accounts",
        verbose_name=_("user"),
    )
    project_id = models.CharField(_("Corbado project ID"), max_length=64)
    # Up to 20 digits after the prefix, unsigned 64-bit: text, never a signed bigint (API notes 2).
    corbado_user_id = models.CharField(_("Corbado user ID"), max_length=64)
    email = models.EmailField(_("email at Corbado"), blank=True)
    created_at = models.DateTimeField(_("linked"), default=timezone.now, editable=False)
    first_sign_in_at = models.DateTimeField(_("first sign-in"), null=True, editable=False)
    last_sign_in_at = models.DateTimeField(_("last sign-in"), null=True, editable=False)
    sign_in_count = models.PositiveIntegerField(_("sign-ins"), default=0, editable=False)
    # Accurate to the day: see password_use.py.
    last_password_at = models.DateTimeField(_("last password sign-in"), null=True, editable=False)
    # Was the local user created together with this account? If not, they were there before.
    is_new_user = models.BooleanField(_("new user"), default=False, editable=False)

    # We created the Corbado user, and nobody has confirmed the address: the first sign-in has to.
    awaits_proof = models.BooleanField(_("awaits proof"), default=False, editable=False)

    # If the local user was created for this account: the address, in lower case. Two people who
    # sign in with one address at the same moment collide here, and only one gets a new user.
    created_for_email = models.CharField(  # noqa: DJ001
        _("created for the address"), max_length=254, null=True, editable=False
    )

    objects = CorbadoAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("Corbado account")
        verbose_name_plural = _("Corbado accounts")
        constraints = [
            models.UniqueConstraint(
                # In this order, the admin finds an ID without knowing the project.
                fields=["corbado_user_id", "project_id"],
                name="corbado_account_corbado_user",
            ),
            models.UniqueConstraint(
                fields=["project_id", "user"], name="corbado_account_local_user"
            ),
            models.UniqueConstraint(
                fields=["project_id", "created_for_email"], name="corbado_account_created_for"
            ),
        ]
        # No index on last_sign_in_at: PostgreSQL would then write to all of them at each sign-in.
        indexes = [BeginningIndex(fields=["email"], name="corbado_account_email")]

    def __str__(self) -> str:
        return self.corbado_user_id

    def record_sign_in(self, corbado_user: CorbadoUser, *, at: datetime) -> bool:
        """Record a sign-in and the address at Corbado, in one UPDATE.

        Returns False if the row has been deleted in the meantime.
        """
        self.email = corbado_user.verified_email
        return _count_sign_in(self, {"email": self.email, "awaits_proof": False}, at)


class ConnectAccount(models.Model):
    """The link between one user of Corbado Connect and one local user.

    The handle decides who signs in; it is random, since authenticators store it.
    ``corbado_user_id``, unknown until the first sign-in, is only for support and deletion.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="connect_accounts",
        verbose_name=_("user"),
    )
    project_id = models.CharField(_("Corbado project ID"), max_length=64)
    handle = models.CharField(_("handle"), max_length=MAX_HANDLE)
    corbado_user_id = models.CharField(_("Corbado user ID"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("linked"), default=timezone.now, editable=False)
    first_sign_in_at = models.DateTimeField(_("first sign-in"), null=True, editable=False)
    last_sign_in_at = models.DateTimeField(_("last sign-in"), null=True, editable=False)
    sign_in_count = models.PositiveIntegerField(_("sign-ins"), default=0, editable=False)
    # Accurate to the day: see password_use.py.
    last_password_at = models.DateTimeField(_("last password sign-in"), null=True, editable=False)
    # Had the local user just signed up when this row was created?
    is_new_user = models.BooleanField(_("new user"), default=False, editable=False)

    objects = ConnectAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("Connect account")
        verbose_name_plural = _("Connect accounts")
        constraints = [
            models.UniqueConstraint(fields=["handle", "project_id"], name="corbado_connect_handle"),
            models.UniqueConstraint(
                fields=["project_id", "user"], name="corbado_connect_local_user"
            ),
        ]
        indexes = [models.Index(fields=["corbado_user_id"], name="corbado_connect_corbado_user")]

    def __str__(self) -> str:
        return self.handle

    def record_sign_in(self, connect_user: ConnectUser, *, at: datetime) -> bool:
        """Record a sign-in and Corbado's user ID, in one UPDATE.

        Returns False if the row has been deleted in the meantime. A user ID that we know stays if
        the new one is missing: it is needed to delete the user at Corbado.
        """
        self.corbado_user_id = connect_user.corbado_user_id or self.corbado_user_id
        return _count_sign_in(self, {"corbado_user_id": self.corbado_user_id}, at)


def _count_sign_in(
    account: CorbadoAccount | ConnectAccount, values: dict[str, Any], at: datetime
) -> bool:
    connection = connections[account._state.db or DEFAULT_DB_ALIAS]
    moment = connection.ops.adapt_datetimefield_value(at)
    table, *columns = map(connection.ops.quote_name, (account._meta.db_table, *values))
    assigned = "".join(f" {column} = %s," for column in columns)
    # Plain SQL: at every sign-in, the ORM takes longer to compile this than the database to run it.
    statement = (
        f"UPDATE {table} SET{assigned}"  # noqa: S608
        " first_sign_in_at = COALESCE(first_sign_in_at, %s), last_sign_in_at = %s,"
        " sign_in_count = sign_in_count + 1 WHERE id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values.values(), moment, moment, account.pk])
        return bool(cursor.rowcount == 1)


class MigrationAttempt(models.Model):
    """How far one existing user has been moved over.

    ``asked_at`` is written before Corbado is asked to create a user, and cleared once the answer is
    known. If it is still there at the next try, the answer was lost, and the Corbado user found
    then may be ours.
    """

    class Outcome(models.TextChoices):
        """What became of the user."""

        CREATED = "created", _("Created")
        LINKED = "linked", _("Linked")
        SKIPPED = "skipped", _("Skipped")
        REFUSED = "refused", _("Refused")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="corbado_migration_attempts",
        verbose_name=_("user"),
    )
    project_id = models.CharField(_("Corbado project ID"), max_length=64)
    asked_at = models.DateTimeField(_("asked at"), null=True)
    request_id = models.CharField(_("request ID"), max_length=64, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=64, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("migration attempt")
        verbose_name_plural = _("migration attempts")
        constraints = [
            models.UniqueConstraint(
                fields=["project_id", "user"], name="corbado_attempt_local_user"
            ),
        ]
        indexes = [
            models.Index(
                fields=["project_id", "outcome", "reason"], name="corbado_attempt_outcome"
            ),
        ]

    def __str__(self) -> str:
        outcome = self.get_outcome_display() or pgettext("no answer yet", "open")
        return f"{outcome} {self.reason}".strip()


class MigrationLease(models.Model):
    """The right to move a project's users, held by one run at a time.

    A run renews it while it works; after a run is killed it expires.
    """

    project_id = models.CharField(_("Corbado project ID"), max_length=64, unique=True)
    holder = models.CharField(_("holder"), max_length=128)
    since = models.DateTimeField(_("since"))
    expires_at = models.DateTimeField(_("expires"))

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("migration lease")
        verbose_name_plural = _("migration leases")

    def __str__(self) -> str:
        return self.holder


class PasskeyNudge(models.Model):
    """When a project's passkey was last offered to a user, and what they answered.

    ``quiet_since`` is when the offer was made or answered, whichever is later.
    """

    class Answer(models.TextChoices):
        """The answer to the offer; empty until there is one."""

        NOT_NOW = "not_now", _("Not now")
        NEVER = "never", _("Never")
        ADD = "add", _("Add a passkey")
        ADDED = "added", _("Added a passkey")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="corbado_passkey_nudges",
        verbose_name=_("user"),
    )
    project_id = models.CharField(_("Corbado project ID"), max_length=64)
    quiet_since = models.DateTimeField(_("quiet since"))
    answer = models.CharField(_("answer"), max_length=8, choices=Answer.choices, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("passkey nudge")
        verbose_name_plural = _("passkey nudges")
        constraints = [
            models.UniqueConstraint(fields=["user", "project_id"], name="corbado_nudge_user"),
        ]

    def __str__(self) -> str:
        return str(self.get_answer_display() or pgettext("no answer yet", "open"))


class PendingDeletion(models.Model):
    """A user whom Corbado still has to delete after the local user was deleted.

    Written in the transaction that deletes the local user, so that none is forgotten; without a
    foreign key, since the local user is gone.
    """

    project_id = models.CharField(_("Corbado project ID"), max_length=64)
    corbado_user_id = models.CharField(_("Corbado user ID"), max_length=64, blank=True)
    # At Connect, for a person whose Corbado user ID we never learned.
    handle = models.CharField(_("handle"), max_length=MAX_HANDLE, blank=True)
    is_at_connect = models.BooleanField(_("at Connect"), default=False)
    created_at = models.DateTimeField(_("local user deleted"), default=timezone.now)
    failed_at = models.DateTimeField(_("last failure"), null=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("pending deletion")
        verbose_name_plural = _("pending deletions")
        constraints = [
            models.UniqueConstraint(
                fields=["project_id", "corbado_user_id", "handle", "is_at_connect"],
                name="corbado_deletion_corbado_user",
            ),
        ]

    def __str__(self) -> str:
        return self.corbado_user_id or self.handle


class SignInSwitch(models.Model):
    """The switch for passkeys and emailed links: one row, or none as long as it was never used."""

    is_on = models.BooleanField(_("on"), default=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    # None: at the command line, or by someone who has been deleted.
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("changed by"),
    )

    class Meta:
        verbose_name = _("switch for passkeys")
        verbose_name_plural = _("switch for passkeys")

    def __str__(self) -> str:
        return gettext("on") if self.is_on else gettext("off")
