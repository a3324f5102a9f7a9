"""Which local user a Corbado user is. All mapping policy lives here; the steps are in ``mapping``.

A site subclasses CorbadoBackend, answers the questions its own way, and names the subclass in
AUTHENTICATION_BACKENDS.
"""

from __future__ import annotations

import logging
from typing import Literal

from asgiref.sync import sync_to_async
from django.contrib.auth import get_backends
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.utils.text import slugify

from .connect_rules import ConnectRules
from .exceptions import SignInRefused
from .identity import ConnectUser, CorbadoEmail, CorbadoUser
from .local_users import find_again, users_with_email
from .mapping import Mapping, check_may_be_linked
from .models import CorbadoAccount, db_for_write
from .new_users import create_user
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

    # What is a new user called, where USERNAME_FIELD is not the address? The confirmed address
    # ("email"), the full name ("name"), or Corbado's ID ("corbado_id").
    new_username: Literal["email", "name", "corbado_id"] = "email"

    # May an address open a staff or superuser account that is not linked yet?
    link_staff = False

    # May existing users whom the address does not link, staff too, link themselves by giving their
    # password right after they came from Corbado?
    link_by_password = True

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

    # Where somebody signs in with password and second factor: a URL, or the name of one.
    second_factor_url = ""

    # Not one of CORBADO_PASSWORD_BACKENDS: who comes this way needs no password.
    takes_passwords = False

    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        corbado_user: CorbadoUser | None = None,
        connect_user: ConnectUser | None = None,
        local_user: AbstractBaseUser | None = None,
        **credentials: object,
    ) -> AbstractBaseUser | None:
        """Return the local user, or None; the log has the reason code.

        ``local_user`` is who has just given their password, in the browser that the Corbado user
        came to: the two are linked. A password and every other backend's credentials are not ours:
        None.
        """
        if credentials:
            return None
        try:
            if isinstance(connect_user, ConnectUser):
                who = connect_user.corbado_user_id or "unknown"
                return self._found_again(self._sign_in_by_connect(connect_user))
            if isinstance(corbado_user, CorbadoUser):
                who = corbado_user.id
                user = Mapping(self, request, corbado_user, local_user).run()
                return self._found_again(user)
        except SignInRefused as refusal:
            # Never the address: a log is read by many.
            logger.warning("Sign-in refused: %s (Corbado user %s)", refusal, who)
            if request is not None:
                # Which page explains it.
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
        """See ``authenticate``; without this, ModelBackend's own would answer None."""
        return await sync_to_async(self.authenticate)(
            request, corbado_user, connect_user, local_user, **credentials
        )

    # What a site may override ---------------------------------------------------------------

    def match_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser | None:
        """Return the existing user to link, or None for a person who is new here.

        By default the one user who has a confirmed address of the Corbado user. Raises
        SignInRefused where more than one has. An inactive or staff user is refused afterwards,
        whoever is returned here. Where it returns None it is asked once more, as if the unconfirmed
        addresses were confirmed: nobody is created who may be known here.
        """
        if not self.match_by_email:
            return None
        found = users_with_email(corbado_user.verified_emails, using=db_for_write())
        if len(found) > 1:
            raise SignInRefused("ambiguous_email")
        return found[0] if found else None

    def create_user(self, corbado_user: CorbadoUser) -> AbstractBaseUser:
        """Save and return a new local user with an unusable password.

        USERNAME_FIELD is a confirmed address where it is the email field, else what
        ``username_for`` says, in a form that nobody has yet. Raises SignInRefused for a person
        without a confirmed address where one is needed, and for one that is too long.
        """
        return create_user(corbado_user, self.username_for(corbado_user))

    def username_for(self, corbado_user: CorbadoUser) -> str:
        """Return what a new user is called, or an empty string for a neutral name.

        A number is added where somebody has the name.
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

        Runs inside the transaction, once per account, and again where the database breaks that
        transaction off (a deadlock). By default, returns the user unmodified.
        """
        return user

    def may_sign_in(
        self, request: HttpRequest | None, user: AbstractBaseUser, corbado_user: CorbadoUser
    ) -> bool:
        """Return whether an existing user may sign in with this request: yes, by default.

        Asked of everybody who was here before, each time and before anything is written, so that a
        site with several shops can keep a person of one out of another.
        """
        return True

    def has_second_factor(self, user: AbstractBaseUser) -> bool:
        """Tell whether this user has a second factor, without which nobody may get in: no.

        Such a user comes in with a passkey of Corbado Connect, or at ``second_factor_url``. Not by
        Corbado's older API, which does not tell a passkey from a link by email, nor with a password
        on our login page.
        """
        return False

    def has_password(self, user: AbstractBaseUser) -> bool:
        """Return whether the action webhook may have this user asked for a password.

        By default, whether a backend of CORBADO_PASSWORD_BACKENDS might know one: the hash can be
        checked here, or that backend keeps the passwords elsewhere.
        """
        return may_have_password(user)

    # What this app asks -----------------------------------------------------------------------

    def would_sign_in(self, user: AbstractBaseUser, address: str) -> bool:
        """Return whether someone who confirms this address at Corbado would sign in as this user.

        So it is for a user who is linked already; for another, by the rules of linking.
        """
        if self.has_second_factor(user):
            return False
        if CorbadoAccount.objects.for_user(user):
            return True
        try:
            check_may_be_linked(self, user)
        except SignInRefused:
            return False
        return self.matches(user, address)

    def _found_again(self, user: AbstractBaseUser) -> AbstractBaseUser:
        """Return the user as the next request finds them; nobody is signed in for one page."""
        found: AbstractBaseUser | None = find_again(user, self, using=db_for_write())
        if found is None:
            raise SignInRefused("inactive_user")
        return found

    def check_connect(self, user: AbstractBaseUser) -> None:
        """Raise SignInRefused unless this user may have passkeys of Corbado Connect."""
        check_may_be_linked(self, user)

    @classmethod
    def finds_by_address(cls) -> bool:
        """Return whether people are matched by the email field, and in no way of the site's own."""
        return cls.match_by_email and cls.match_user is CorbadoBackend.match_user

    def matches(self, user: AbstractBaseUser, address: str) -> bool:
        """Return whether ``match_user`` takes a confirmed address for this user's."""
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
