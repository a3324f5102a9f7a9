"""The part of CorbadoBackend that maps people who use Corbado Connect onto local users."""

from __future__ import annotations

import logging
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.utils import timezone

from .counting import count_at_login
from .events import log_event
from .exceptions import SignInRefused
from .handles import new_handle
from .identity import ConnectUser, CorbadoUser
from .local_users import email_of
from .models import ConnectAccount

__all__ = ["ConnectRules"]


class ConnectRules:
    """A mixin with the hooks for Connect that a site may override, and the sign-in itself."""

    def find_by_identifier(self, identifier: str) -> AbstractBaseUser | None:
        """Return the local user for whom CORBADO_CONNECT_IDENTIFIER returns this, or None.

        Called when Corbado Connect vouches for an identifier that is unknown here; only a project
        with identifiers from an earlier integration needs to override it. The result is accepted
        only if the setting's function returns the same identifier for this user.
        """
        return None

    def passkey_name(self, user: AbstractBaseUser) -> str:
        """Return the name that a person's device shows for a passkey added with Connect.

        By default the email address, else the user name. Corbado stores it, too.
        """
        return email_of(user) or user.get_username()

    def check_connect(self, user: AbstractBaseUser) -> None:
        """Raise SignInRefused unless this user may have passkeys at Corbado Connect."""
        raise NotImplementedError

    def may_sign_in(
        self, request: HttpRequest | None, user: AbstractBaseUser, corbado_user: CorbadoUser
    ) -> bool:
        """Return whether this user may sign in with this request."""
        raise NotImplementedError

    def _sign_in_by_connect(
        self, request: HttpRequest | None, connect_user: ConnectUser
    ) -> AbstractBaseUser:
        account = ConnectAccount.objects.for_handle(connect_user.handle)
        account = account or self._recognize(connect_user)
        known = account.corbado_user_id
        self.check_connect(account.user)
        person = CorbadoUser(id=connect_user.corbado_user_id)
        if not self.may_sign_in(request, account.user, person):
            raise SignInRefused("not_allowed_here")
        record = partial(account.record_sign_in, connect_user, at=timezone.now())
        count_at_login(account.user, record)
        if known and known != connect_user.corbado_user_id:
            log_event(
                logging.WARNING,
                "Connect: Corbado user %s is now %s (local user %s)",
                known,
                connect_user.corbado_user_id or "not named",
                account.user.pk,
                event="corbado_user_changed",
                corbado_user_id=connect_user.corbado_user_id,
            )
        return account.user

    def _recognize(self, connect_user: ConnectUser) -> ConnectAccount:
        """Link a user whose identifier is older than this app, as the site's own hook says."""
        user = self.find_by_identifier(connect_user.handle)
        if user is None:
            raise SignInRefused("unknown_handle")
        self.check_connect(user)
        if new_handle(user) != connect_user.handle:
            raise SignInRefused("other_handle")
        account = ConnectAccount.objects.get_or_link(user)
        if account.handle != connect_user.handle:
            raise SignInRefused("other_handle")
        return account
