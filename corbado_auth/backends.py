"""The backend, which maps Corbado users onto local users: the policy; ``mapping`` has the steps.

A site can subclass CorbadoBackend, override attributes and methods, and name the subclass in
AUTHENTICATION_BACKENDS.
"""

from __future__ import annotations

from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.contrib.auth import get_backends
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.utils.text import slugify

from .connect_rules import ConnectRules
from .counting import hand_over
from .events import tell_refused
from .exceptions import SignInRefused
from .identity import ConnectUser, CorbadoEmail, CorbadoUser
from .local_users import find_again, search
from .mapping import Mapping, check_may_be_linked
from .models import CorbadoAccount, db_for_write
from .new_users import create_user
from .passwords import may_have_password

__all__ = ["CorbadoBackend", "SignInRefused"]


class CorbadoBackend(ConnectRules, ModelBackend):
    """Map a verified CorbadoUser onto a local user: by account, by address, or as a new one.

    It makes no HTTP calls: the view has asked Corbado already. Permissions are ModelBackend's.
    """

    # Link an existing user to a Corbado user who has confirmed the same email address?
    match_by_email = True

    # Create a local user for a person who is new here?
    create_unknown_user = True

    # What is a new user called if USERNAME_FIELD is not the address? The confirmed address
    # ("email"), the full name ("name"), or Corbado's ID ("corbado_id").
    new_username: Literal["email", "name", "corbado_id"] = "email"

    # May an address link a staff or superuser account?
    link_staff = False

    # May existing users, staff included, whom the address does not link, link their account by
    # entering its password right after signing in at Corbado?
    link_by_password = True

    # Has every local user proved that they own the address in the email field? Someone may have
    # registered a victim's address here and still hold the password. With False, linking by
    # email ends that user's other sessions and makes the password unusable. Until a site has
    # answered (None), people are linked, and the site vouches to Corbado for nobody's address:
    # no passkey for a user without an account row, no import.
    local_emails_are_verified: bool | None = None

    # Delete the Corbado user, too, when a local user is deleted? Unlinking never does.
    delete_at_corbado = False

    # How many days at least lie between two offers of {% corbado_passkey_nudge %}? None: no offers.
    days_between_nudges: int | None = 30

    # Where do people sign in with password and second factor? A URL, or the name of one.
    second_factor_url = ""

    # Not one of CORBADO_PASSWORD_BACKENDS: this way in needs no password.
    _takes_passwords = False

    # Who has an address of this person only as user name? None until match_user() has searched.
    _named: list[Any] | None = None

    # Has the database just refused a row of this person's? Their name may be taken then.
    _has_collided = False

    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        corbado_user: CorbadoUser | None = None,
        connect_user: ConnectUser | None = None,
        local_user: AbstractBaseUser | None = None,
        **credentials: object,
    ) -> AbstractBaseUser | None:
        """Return the local user, or None; the reason code is in the log.

        ``local_user`` has just entered their password in the browser in which the Corbado user
        signed in: the two get linked. Returns None for a password and other backends' credentials.
        """
        if credentials:
            return None
        try:
            if isinstance(connect_user, ConnectUser):
                who = connect_user.corbado_user_id
                return self._found_again(self._sign_in_by_connect(request, connect_user))
            if isinstance(corbado_user, CorbadoUser):
                who = corbado_user.id
                user = Mapping(self, request, corbado_user, local_user).run()
                return self._found_again(user)
        except SignInRefused as refusal:
            tell_refused(request, refusal, who)
            if request is not None:
                # It decides which page explains the refusal.
                request.corbado_refusal = refusal  # type: ignore[attr-defined]
        return None

    async def aauthenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        corbado_user: CorbadoUser | None = None,
        connect_user: ConnectUser | None = None,
        local_user: AbstractBaseUser | None = None,
        **credentials: object,
    ) -> AbstractBaseUser | None:
        """See ``authenticate``; without this, ModelBackend's own would return None."""
        return await sync_to_async(self.authenticate)(
            request, corbado_user, connect_user, local_user, **credentials
        )

    # What a site may override ---------------------------------------------------------------

    def match_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser | None:
        """Return the existing user to link, or None for a person who is new here.

        By default, the one user who has a confirmed address of the Corbado user. Raises
        SignInRefused if several have one. Inactive and staff users are refused afterwards, even if
        returned here. If it returns None, it is called again as if the unconfirmed addresses were
        confirmed, so that no user is created for someone who may be known here.
        """
        if not self.match_by_email:
            return None
        found, self._named = search(corbado_user.verified_emails, using=db_for_write())
        if len(found) > 1:
            raise SignInRefused("ambiguous_email")
        return found[0] if found else None

    def create_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser:
        """Save and return a new local user with an unusable password.

        If USERNAME_FIELD is the email field, it gets a confirmed address, else the result of
        ``username_for``, made unique. Raises SignInRefused for a person without a confirmed address
        if one is needed, and for an address that is too long.
        """
        name = self.username_for(corbado_user)
        return create_user(corbado_user, name, may_be_taken=self._has_collided)

    def username_for(self, corbado_user: CorbadoUser) -> str:
        """Return the user name of a new user, or an empty string for a neutral one.

        A number is added if the name is taken.
        """
        if self.new_username == "corbado_id":
            return corbado_user.id
        if self.new_username == "name":
            return slugify(corbado_user.full_name, allow_unicode=True)
        return corbado_user.verified_email

    def configure_user(
        self,
        request: HttpRequest | None,
        user: AbstractBaseUser,
        corbado_user: CorbadoUser,
        created: bool,
    ) -> AbstractBaseUser:
        """Configure a user who was just created or linked, and return it.

        Runs inside the transaction, once per account, and again if the database aborts that
        transaction (a deadlock). By default, returns the user unmodified.
        """
        return user

    def may_sign_in(
        self, request: HttpRequest | None, user: AbstractBaseUser, corbado_user: CorbadoUser
    ) -> bool:
        """Return whether an existing user may sign in with this request: yes, by default.

        Called for every existing user, each time and before anything is written, so that a site
        with several shops can keep one shop's users out of another. With Connect, ``corbado_user``
        has at most an ID.
        """
        return True

    def has_second_factor(self, user: AbstractBaseUser) -> bool:
        """Return whether this user must not sign in without a second factor: no, by default.

        Such a user signs in with a passkey of Corbado Connect, or at ``second_factor_url``: not
        through Corbado's older API, which does not distinguish a passkey from a link by email, nor
        with a password on our login page.
        """
        return False

    def language_of(self, user: AbstractBaseUser) -> str:
        """Return the language code for emails to this user (CORBADO_EMAIL_NOTICES).

        By default empty: the language of the page that the person is on.
        """
        return ""

    def has_password(self, user: AbstractBaseUser) -> bool:
        """Return whether the action webhook may say that this user has a password.

        By default, whether a backend in CORBADO_PASSWORD_BACKENDS might accept one: the hash can be
        checked here, or that backend keeps passwords elsewhere.
        """
        return may_have_password(user)

    def check_connect(self, user: AbstractBaseUser) -> None:
        """Raise SignInRefused unless this user may have passkeys of Corbado Connect.

        By default, inactive users may not, nor staff and superusers without ``link_staff``.
        """
        check_may_be_linked(self, user)

    # What this app asks -----------------------------------------------------------------------

    def _would_sign_in(self, user: AbstractBaseUser, address: str) -> bool:
        """Return whether someone who confirms this address at Corbado would sign in as this user.

        True for a user who is linked already; for others the rules of linking decide.
        """
        if self.has_second_factor(user):
            return False
        if CorbadoAccount.objects.for_user(user):
            return True
        try:
            check_may_be_linked(self, user)
        except SignInRefused:
            return False
        return self._matches(user, address)

    def _found_again(self, user: AbstractBaseUser) -> AbstractBaseUser:
        """Return the user as the next request will find them, so that the sign-in lasts."""
        found: AbstractBaseUser | None = find_again(user, self, using=db_for_write())
        if found is None:
            raise SignInRefused("inactive_user")
        hand_over(user, found)
        return found

    @classmethod
    def _finds_by_address(cls) -> bool:
        """Return whether people are matched by email field, rather than in the site's own way."""
        return cls.match_by_email and cls.match_user is CorbadoBackend.match_user

    def _matches(self, user: AbstractBaseUser, address: str) -> bool:
        """Return whether ``match_user`` finds this user by a confirmed address."""
        person = CorbadoUser(id="", emails=(CorbadoEmail(address, "active"),))
        try:
            found = self.match_user(person)
        except SignInRefused:
            return False
        return found is not None and found.pk == user.pk


def corbado_backend() -> CorbadoBackend | None:
    """Return the site's CorbadoBackend, or its subclass, from AUTHENTICATION_BACKENDS."""
    return next(
        (backend for backend in get_backends() if isinstance(backend, CorbadoBackend)), None
    )
