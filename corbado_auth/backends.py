"""Which local user a Corbado user is. All mapping policy lives here.

A site subclasses CorbadoBackend, answers the questions its own way, and names the subclass in
AUTHENTICATION_BACKENDS.
"""

from __future__ import annotations

import logging

from asgiref.sync import sync_to_async
from django.contrib.auth import get_backends, get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import CharField, TextField
from django.http import HttpRequest
from django.utils import timezone

from .connect_rules import ConnectRules
from .deadlocks import again_after_deadlock
from .exceptions import SignInRefused
from .identity import ConnectUser, CorbadoEmail, CorbadoUser
from .local_users import (
    email_field_name,
    email_of,
    find_again,
    find_field,
    lowered,
    same_address,
    users_with_email,
)
from .models import CorbadoAccount, db_for_write
from .passwords import may_have_password

__all__ = ["CorbadoBackend", "SignInRefused"]

logger = logging.getLogger("corbado_auth")


class CorbadoBackend(ConnectRules, ModelBackend):
    """Map a verified CorbadoUser onto a local user: by account, by address, or as a new one.

    It does no HTTP: the view has asked Corbado already. Permissions are ModelBackend's.
    """

    # Link an existing user to a Corbado user who has confirmed the same email address?
    match_by_email = True

    # Create a local user for a person whom nobody here knows yet?
    create_unknown_user = True

    # May an address open a staff or superuser account that is not linked yet?
    link_staff = False

    # Has every local user proved to own the address in the email field? Somebody may have
    # registered a victim's address here and still hold the password. With False, linking by
    # email ends that user's other sessions and makes the password unusable. Until a site has
    # answered (None), people are linked, and the site vouches to Corbado for nobody's address:
    # no passkey for a user without an account row, no import.
    local_emails_are_verified: bool | None = None

    # Delete the Corbado user, too, when a local user is deleted? Unlinking never does.
    delete_at_corbado = False

    # How many days lie between two offers of {% corbado_passkey_nudge %}? None: it offers nothing.
    days_between_nudges: int | None = 30

    # Not one of CORBADO_PASSWORD_BACKENDS: who comes this way needs no password.
    takes_passwords = False

    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        corbado_user: CorbadoUser | None = None,
        connect_user: ConnectUser | None = None,
        **credentials: object,
    ) -> AbstractBaseUser | None:
        """Return the local user, or None; the log has the reason code.

        A password and every other backend's credentials are not ours: None.
        """
        if credentials:
            return None
        try:
            if isinstance(connect_user, ConnectUser):
                who = connect_user.corbado_user_id or "unknown"
                return self._found_again(self._sign_in_by_connect(connect_user))
            if isinstance(corbado_user, CorbadoUser):
                who = corbado_user.id
                user = again_after_deadlock(
                    lambda: self._sign_in(request, corbado_user), using=db_for_write()
                )
                return self._found_again(user)
        except SignInRefused as refusal:
            # Never the address: a log is read by many.
            logger.warning("Sign-in refused: %s (Corbado user %s)", refusal.reason, who)
            if request is not None:
                # Which page explains it.
                request.corbado_refusal = refusal.reason  # type: ignore[attr-defined]
        return None

    async def aauthenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        corbado_user: CorbadoUser | None = None,
        connect_user: ConnectUser | None = None,
        **credentials: object,
    ) -> AbstractBaseUser | None:
        """See ``authenticate``; without this, ModelBackend's own would answer None."""
        return await sync_to_async(self.authenticate)(
            request, corbado_user, connect_user, **credentials
        )

    # What a site may override ---------------------------------------------------------------

    def match_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser | None:
        """Return the existing user to link, or None for a person who is new here.

        By default the one user who has a confirmed address of the Corbado user. Raises
        SignInRefused where more than one has. An inactive or staff user is refused afterwards,
        whoever is returned here.
        """
        if not self.match_by_email:
            return None
        found = users_with_email(corbado_user.verified_emails, using=db_for_write())
        if len(found) > 1:
            raise SignInRefused("ambiguous_email")
        return found[0] if found else None

    def create_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser:
        """Save and return a new local user with an unusable password.

        USERNAME_FIELD is the Corbado user ID, or a confirmed address where it is the email field.
        Raises SignInRefused for a person without one there, and for a value that is too long.
        """
        model = get_user_model()
        address = corbado_user.verified_email
        first_name, _space, last_name = corbado_user.full_name.partition(" ")
        values = {
            "first_name": first_name,
            "last_name": last_name,
            "username": corbado_user.id,
            model.USERNAME_FIELD: corbado_user.id,
            email_field_name() or "": address,
        }
        if not values[model.USERNAME_FIELD]:
            raise SignInRefused("no_confirmed_email")
        user = model(**_fitting(values))
        user.set_unusable_password()
        # Where the email is the primary key, a plain save() would overwrite its owner.
        user.save(using=db_for_write(), force_insert=True)
        return user

    def configure_user(
        self,
        request: HttpRequest | None,
        user: AbstractBaseUser,
        corbado_user: CorbadoUser,
        created: bool,
    ) -> AbstractBaseUser:
        """Configure a user who was just created or linked, and return it.

        Runs inside the transaction, once per account, and again where the database breaks that
        transaction off (a deadlock). By default, returns the user unmodified.
        """
        return user

    def has_password(self, user: AbstractBaseUser) -> bool:
        """Tell whether the action webhook may have this user asked for a password.

        By default, whether a backend of CORBADO_PASSWORD_BACKENDS might know one: the hash can be
        checked here, or that backend keeps the passwords elsewhere.
        """
        return may_have_password(user)

    # What this app asks -----------------------------------------------------------------------

    def would_sign_in(self, user: AbstractBaseUser, address: str) -> bool:
        """Tell whether someone who confirms this address at Corbado would sign in as this user.

        So it is for a user who is linked already; for another, by the rules of linking.
        """
        if CorbadoAccount.objects.for_user(user):
            return True
        try:
            self._check_may_be_linked(user)
        except SignInRefused:
            return False
        return self.matches(user, address)

    def matches(self, user: AbstractBaseUser, address: str) -> bool:
        """Tell whether ``match_user`` takes a confirmed address for this user's."""
        person = CorbadoUser(id="", emails=(CorbadoEmail(address, "active"),))
        try:
            found = self.match_user(person)
        except SignInRefused:
            return False
        return found is not None and found.pk == user.pk

    # The steps --------------------------------------------------------------------------------

    def _sign_in(self, request: HttpRequest | None, corbado_user: CorbadoUser) -> AbstractBaseUser:
        if corbado_user.is_gone:
            raise SignInRefused("corbado_user_deleted")
        account = self._account_of(corbado_user)
        if account is not None:
            return self._welcome_back(account, corbado_user)
        if CorbadoAccount.objects.is_hidden(corbado_user.id):
            raise SignInRefused("inactive_user")
        user = self._link_once(request, corbado_user)
        # A site may want to approve new people: configure_user() left this one inactive.
        self._check_active(user)
        return user

    def _welcome_back(self, account: CorbadoAccount, corbado_user: CorbadoUser) -> AbstractBaseUser:
        self._check_active(account.user)
        if account.awaits_proof and not _owns_address(corbado_user, account.user):
            # We created this Corbado user with a pending address. That nobody can sign up on top
            # of one is INFERRED (API notes 1.5), so the first sign-in has to confirm it.
            raise SignInRefused("address_unconfirmed")
        if not account.record_sign_in(corbado_user, at=timezone.now()):
            # Somebody unlinked it, or deleted the user, concurrently.
            raise SignInRefused("account_gone")
        return account.user

    def _check_active(self, user: AbstractBaseUser) -> None:
        if not self.user_can_authenticate(user):  # type: ignore[arg-type]
            raise SignInRefused("inactive_user")

    def _found_again(self, user: AbstractBaseUser) -> AbstractBaseUser:
        """Return the user as the next request finds them; nobody is signed in for one page."""
        found: AbstractBaseUser | None = find_again(user, self, using=db_for_write())
        if found is None:
            raise SignInRefused("inactive_user")
        return found

    def _link_once(
        self, request: HttpRequest | None, corbado_user: CorbadoUser
    ) -> AbstractBaseUser:
        """Link in one transaction; whoever loses a race for the same person uses the winner's row.

        The loser re-reads the row of the same Corbado user and never looks for "the" user by
        address or name: that is how CVE-2025-61783 handed accounts over.
        """
        try:
            with transaction.atomic(using=db_for_write()):
                return self._link(request, corbado_user)
        except IntegrityError:
            account = self._account_of(corbado_user)
        if account is not None:
            return self._welcome_back(account, corbado_user)
        return self._link_after_conflict(request, corbado_user)

    def _link_after_conflict(
        self, request: HttpRequest | None, corbado_user: CorbadoUser
    ) -> AbstractBaseUser:
        """Map once more: the database now shows who came first, or that the user was deleted."""
        user = self.match_user(corbado_user)
        if user is not None and CorbadoAccount.objects.for_user(user):
            raise SignInRefused("already_linked")
        try:
            with transaction.atomic(using=db_for_write()):
                claim = _claim(corbado_user)
                if user is None and claim:
                    # Nobody here has the address any more, so nobody is being created for it.
                    claimed = CorbadoAccount.objects.current().filter(created_for_email=claim)
                    claimed.update(created_for_email=None)
                return self._link(request, corbado_user)
        except IntegrityError:
            raise SignInRefused("conflict") from None

    def _link(self, request: HttpRequest | None, corbado_user: CorbadoUser) -> AbstractBaseUser:
        user = self.match_user(corbado_user)
        created = user is None
        if user is None:
            if not self.create_unknown_user:
                raise SignInRefused("unknown_user")
            user = self.create_user(corbado_user)
        else:
            self._check_may_be_linked(user)
            if self.local_emails_are_verified is False:
                # A new password hash ends every session of this user, at the next request of each.
                user.set_unusable_password()
                user.save(using=db_for_write(), update_fields=["password"])
        user = self.configure_user(request, user, corbado_user, created)
        now = timezone.now() if self.user_can_authenticate(user) else None  # type: ignore[arg-type]
        CorbadoAccount.objects.link(
            user,
            corbado_user.id,
            email=corbado_user.verified_email,
            request=request,
            created=created,
            first_sign_in_at=now,
            last_sign_in_at=now,
            sign_in_count=1 if now else 0,
            awaits_proof=False,
            created_for_email=_claim(corbado_user) if created and self.match_by_email else None,
        )
        return user

    def _check_may_be_linked(self, user: AbstractBaseUser) -> None:
        self._check_active(user)
        if not self.link_staff and _has_privileges(user):
            raise SignInRefused("staff_user")

    def check_connect(self, user: AbstractBaseUser) -> None:
        """Raise SignInRefused unless this user may have passkeys of Corbado Connect."""
        self._check_may_be_linked(user)

    def _account_of(self, corbado_user: CorbadoUser) -> CorbadoAccount | None:
        return CorbadoAccount.objects.for_corbado_user(corbado_user.id)


def corbado_backend() -> CorbadoBackend | None:
    """Return the site's CorbadoBackend, or its subclass, from AUTHENTICATION_BACKENDS."""
    return next(
        (backend for backend in get_backends() if isinstance(backend, CorbadoBackend)), None
    )


def _owns_address(corbado_user: CorbadoUser, user: AbstractBaseUser) -> bool:
    return any(same_address(each, email_of(user)) for each in corbado_user.verified_emails)


def _claim(corbado_user: CorbadoUser) -> str | None:
    return lowered(corbado_user.verified_email) or None


def _has_privileges(user: AbstractBaseUser) -> bool:
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def _fitting(values: dict[str, str]) -> dict[str, str]:
    """Keep the fields that the user model has.

    A name is cut to its length; an address never, for its first half may be somebody else's.
    """
    fitting = {}
    for name, value in values.items():
        field = find_field(name)
        if not isinstance(field, CharField | TextField):
            continue
        fitting[name] = value[: field.max_length]
        if fitting[name] != value and name not in {"first_name", "last_name"}:
            raise SignInRefused("does_not_fit")
    return fitting
