"""The steps from a verified Corbado user to a local user; the backend makes the decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from .addresses import normalized, same_address
from .counting import count_at_login
from .deadlocks import again_after_deadlock
from .exceptions import SignInRefused
from .identity import CorbadoEmail, CorbadoUser
from .integrity import what_failed
from .invitations import StaffInvitation
from .local_users import (
    email_field_name,
    email_of,
    find_field,
    has_hidden_user,
    is_mere_user_name,
    lookup_is_blind,
    users_with_email,
)
from .models import CorbadoAccount, db_for_write
from .user_names import users_named

if TYPE_CHECKING:
    from .backends import CorbadoBackend

__all__ = ["Mapping", "check_may_be_linked"]

# Reasons for people who have an account here, which they may link with its password.
HELPED_BY_PASSWORD = {"account_exists", "ambiguous_email", "lookup_is_blind", "staff_user"}


@dataclass(frozen=True, slots=True)
class Mapping:
    """The mapping of one person: finds, links or creates the local user, or raises SignInRefused.

    ``local_user``, if any, has just entered their password in the same browser.
    """

    backend: CorbadoBackend
    request: HttpRequest | None
    corbado_user: CorbadoUser
    local_user: AbstractBaseUser | None = None

    def run(self) -> AbstractBaseUser:
        """Take the steps, and retry once if the database aborts them."""
        try:
            return again_after_deadlock(self._sign_in, using=db_for_write())
        except SignInRefused as refusal:
            refusal.password_helps = self._password_helps(refusal.reason)
            raise

    def _sign_in(self) -> AbstractBaseUser:
        if self.corbado_user.is_gone:
            raise SignInRefused("corbado_user_deleted")
        account = self._account()
        if account is not None:
            return self._welcome_back(account)
        if CorbadoAccount.objects.is_hidden(self.corbado_user.id):
            # The default manager does not show the linked user: no second one is created.
            raise SignInRefused("inactive_user")
        user = self._link_once()
        # A site may approve new people first: configure_user() left this one inactive.
        _check_active(self.backend, user)
        return user

    def _account(self) -> CorbadoAccount | None:
        return CorbadoAccount.objects.for_corbado_user(self.corbado_user.id)

    # A person who has been here before -------------------------------------------------------

    def _welcome_back(self, account: CorbadoAccount) -> AbstractBaseUser:
        if self.local_user is not None and account.user.pk != self.local_user.pk:
            raise SignInRefused("already_linked")
        _check_active(self.backend, account.user)
        self._check_may_sign_in(account.user)
        if account.awaits_proof and not self._has_confirmed_address_of(account.user):
            # We created this Corbado user with a pending address. That nobody can sign up on top
            # of one is INFERRED (API notes 1.5), so the first sign-in has to confirm it.
            raise SignInRefused("address_unconfirmed")
        record = partial(account.record_sign_in, self.corbado_user, at=timezone.now())
        count_at_login(account.user, record)
        self._fill_in_address(account.user)
        return account.user

    def _fill_in_address(self, user: Any) -> None:
        """Give a user without an address the one that Corbado has confirmed since.

        Not one that someone else has here: a human has to look at that (corbado_compare).
        """
        if email_of(user):
            return
        address, name = self.corbado_user.verified_email, email_field_name()
        if not (address and name and self.backend.match_by_email):
            return
        longest = getattr(find_field(name), "max_length", None)
        if len(address) > (longest or len(address)):
            return
        if users_with_email([address], using=db_for_write()):
            return
        setattr(user, name, address)
        try:
            with transaction.atomic(using=db_for_write()):
                user.save(using=db_for_write(), update_fields=[name])
        except IntegrityError:
            setattr(user, name, "")  # Someone has taken it meanwhile.

    # A person who comes from Corbado for the first time ---------------------------------------

    def _link_once(self) -> AbstractBaseUser:
        """Link in one transaction; the loser of a race for the same person uses the winner's row.

        The loser re-reads the row of the same Corbado user and never looks for "the" user by
        address or name: that is how CVE-2025-61783 handed accounts over.
        """
        try:
            with transaction.atomic(using=db_for_write()):
                return self._link()
        except IntegrityError:
            account = self._account()
        except SignInRefused as refusal:
            account = self._account()
            # The user who is known here may be this very person, created a moment ago.
            if account is None or refusal.reason != "account_exists":
                raise
        if account is not None:
            return self._welcome_back(account)
        return self._link_after_conflict()

    def _link_after_conflict(self) -> AbstractBaseUser:
        """Map again: the database now shows who came first, or that the user was deleted."""
        self.backend._has_collided = True
        # Before checking who has the address: a claim that is newer than that check stands.
        claims = CorbadoAccount.objects.current().filter(created_for_email=self._claim)
        given_up = list(claims.values_list("pk", flat=True)) if self._claim else []
        user = self.local_user or self.backend.match_user(self.corbado_user)
        linked = CorbadoAccount.objects.for_user(user) if user is not None else None
        if linked is not None:
            refusal = SignInRefused("already_linked")
            refusal.linked_to = linked.corbado_user_id
            raise refusal
        try:
            with transaction.atomic(using=db_for_write()):
                # Nobody here has the address any more, so no user is being created for it.
                return self._link(take_over=given_up if user is None else ())
        except IntegrityError as error:
            # Not a race: the database refuses a row of the site's own.
            raise SignInRefused("conflict", what_failed(error)) from None

    def _link(self, *, take_over: Collection[Any] = ()) -> AbstractBaseUser:
        user, created = self._existing_user(), False
        if user is None:
            self._check_is_new()
            user, created = self.backend.create_user(self.corbado_user), True
        user = self.backend.configure_user(self.request, user, self.corbado_user, created)
        is_active = self.backend.user_can_authenticate(user)  # type: ignore[arg-type]
        now = timezone.now() if is_active else None
        if take_over:
            # After the user is inserted, in the order of a first attempt: locks that are taken in
            # another order end in a deadlock.
            claims = CorbadoAccount.objects.current().filter(pk__in=take_over)
            claims.update(created_for_email=None)
        CorbadoAccount.objects.link(
            user,
            self.corbado_user.id,
            email=self.corbado_user.verified_email,
            request=self.request,
            created=created,
            first_sign_in_at=now,
            last_sign_in_at=now,
            last_password_at=now if self.local_user is not None else None,
            sign_in_count=1 if now else 0,
            awaits_proof=False,
            created_for_email=self._claim if created and self.backend.match_by_email else None,
        )
        return user

    def _existing_user(self) -> AbstractBaseUser | None:
        """Return the user to link, checked, or None for a new person."""
        if self.local_user is not None:
            self._check_may_link_themselves(self.local_user)
            self._check_may_sign_in(self.local_user)
            return self.local_user
        invited = self._invited_user()
        if invited is not None:
            return invited
        user = self.backend.match_user(self.corbado_user)
        if user is None:
            return None
        check_may_be_linked(self.backend, user)
        self._check_may_sign_in(user)
        if self.backend.local_emails_are_verified is False:
            # A new password hash ends every session of this user, each at its next request.
            user.set_unusable_password()
            user.save(using=db_for_write(), update_fields=["password"])
        return user

    def _invited_user(self) -> AbstractBaseUser | None:
        """Return the staff member whose invitation was accepted in this browser, and use it up.

        Only for a person with the address that it was sent to: a link that was forwarded, or found
        in a log, opens nothing.
        """
        secret = getattr(self.request, "corbado_invitation", "")
        invitation = StaffInvitation.objects.find(secret) if secret else None
        if invitation is None:
            return None
        user = invitation.user
        if not self._has_confirmed_address_of(user):
            awaits = (
                same_address(each, email_of(user)) for each in self.corbado_user.unverified_emails
            )
            raise SignInRefused("address_unconfirmed" if any(awaits) else "other_invitation")
        _check_active(self.backend, user)
        self._check_may_sign_in(user)
        return user if StaffInvitation.objects.use_up(invitation) else None

    # Conditions ----------------------------------------------------------------------------------

    def _check_is_new(self) -> None:
        """Refuse to create a second user for a person who may be known here already.

        A person with the address, confirmed or not, would end up in an empty account from then on,
        instead of the one with all their data.
        """
        unverified = self.corbado_user.unverified_emails
        verified = self.corbado_user.verified_emails
        if self.backend.match_by_email and (verified or unverified):
            if unverified and self._is_known():
                raise SignInRefused("account_exists")
            if self.backend._finds_by_address():
                if lookup_is_blind(using=db_for_write()):
                    raise SignInRefused("lookup_is_blind")
                # Deleted softly, or shut out: no second user is made beside this one, either.
                if has_hidden_user(verified, using=db_for_write()):
                    raise SignInRefused("inactive_user")
                # Only the owner of the address is told that the account is closed.
                if has_hidden_user(unverified, using=db_for_write()):
                    raise SignInRefused("account_exists")
                self._check_user_names()
        if not self.backend.create_unknown_user:
            raise SignInRefused("unknown_user")

    def _check_user_names(self) -> None:
        """Refuse if an address is the user name of someone whose email field is empty.

        A user name proves nothing, so only its password links, once the address is confirmed.
        """
        verified = self.corbado_user.verified_emails
        unverified = self.corbado_user.unverified_emails
        named = self.backend._named
        if named is None:
            named = users_named((*verified, *unverified), using=db_for_write())
        if any(is_mere_user_name(user, unverified) for user in named):
            raise SignInRefused("no_confirmed_email")
        if any(is_mere_user_name(user, verified) for user in named):
            raise SignInRefused("account_exists")

    def _is_known(self) -> bool:
        """Return whether the site would match a user if all addresses were confirmed."""
        addresses = (*self.corbado_user.verified_emails, *self.corbado_user.unverified_emails)
        emails = tuple(CorbadoEmail(address, "active") for address in addresses)
        try:
            return self.backend.match_user(replace(self.corbado_user, emails=emails)) is not None
        except SignInRefused as refusal:
            if refusal.reason != "ambiguous_email":
                raise
            return True

    def _check_may_link_themselves(self, user: AbstractBaseUser) -> None:
        """Check that a password may link this user to this Corbado user.

        The address must be theirs here, or another person who has it would get into this account
        later. An unconfirmed one counts only if every local user has proved theirs: otherwise
        someone who registered here with a victim's address could prepare the account for them.
        """
        _check_active(self.backend, user)
        if not self.backend.link_by_password:
            raise SignInRefused("password_links_nobody")
        verified = self.corbado_user.verified_emails
        if self._has_one_of(user, verified) or is_mere_user_name(user, verified):
            return
        if not self._has_one_of(user, self.corbado_user.unverified_emails):
            raise SignInRefused("other_address")
        if not self.backend.local_emails_are_verified:
            raise SignInRefused("unproven_email")

    def _has_one_of(self, user: AbstractBaseUser, addresses: Iterable[str]) -> bool:
        return any(
            same_address(email_of(user), address) or self.backend._matches(user, address)
            for address in addresses
        )

    def _has_confirmed_address_of(self, user: AbstractBaseUser) -> bool:
        verified = self.corbado_user.verified_emails
        return any(same_address(address, email_of(user)) for address in verified)

    def _check_may_sign_in(self, user: AbstractBaseUser) -> None:
        if not self.backend.may_sign_in(self.request, user, self.corbado_user):
            raise SignInRefused("not_allowed_here")
        if self.backend.has_second_factor(user):
            raise SignInRefused("second_factor")

    def _password_helps(self, reason: str) -> bool:
        if not self.backend.link_by_password or reason not in HELPED_BY_PASSWORD:
            return False
        return bool(self.backend.local_emails_are_verified or self.corbado_user.verified_emails)

    @property
    def _claim(self) -> str | None:
        return normalized(self.corbado_user.verified_email) or None


def check_may_be_linked(backend: CorbadoBackend, user: AbstractBaseUser) -> None:
    """Raise SignInRefused unless the rules let an address link this user."""
    _check_active(backend, user)
    if not backend.link_staff and _has_privileges(user):
        raise SignInRefused("staff_user")


def _check_active(backend: CorbadoBackend, user: AbstractBaseUser) -> None:
    if not backend.user_can_authenticate(user):  # type: ignore[arg-type]
        raise SignInRefused("inactive_user")


def _has_privileges(user: AbstractBaseUser) -> bool:
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))
