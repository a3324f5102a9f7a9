"""Which local user comes by a passkey of Corbado Connect: the part of CorbadoBackend for it."""

from __future__ import annotations

import logging

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from .exceptions import SignInRefused
from .handles import new_handle
from .identity import ConnectUser
from .local_users import email_of
from .models import ConnectAccount

__all__ = ["ConnectRules"]

logger = logging.getLogger("corbado_auth")


class ConnectRules:
    """What a site may override about Connect, and the steps of a sign-in."""

    def find_by_identifier(self, identifier: str) -> AbstractBaseUser | None:
        """Return the local user whom CORBADO_CONNECT_IDENTIFIER gives this identifier, or None.

        Asked where Corbado Connect vouches for an identifier that is not known here: only a project
        that has identifiers of an earlier integration needs an answer. It is believed only if the
        setting's function returns the same identifier for this user.
        """
        return None

    def passkey_name(self, user: AbstractBaseUser) -> str:
        """Return what a person's device shows beside a passkey that was added with Connect.

        By default the address, else the user name. Corbado keeps it, too.
        """
        return email_of(user) or user.get_username()

    def check_connect(self, user: AbstractBaseUser) -> None:
        """Raise SignInRefused unless this user may have passkeys of Corbado Connect."""
        raise NotImplementedError

    def _sign_in_by_connect(self, connect_user: ConnectUser) -> AbstractBaseUser:
        account = ConnectAccount.objects.for_handle(connect_user.handle)
        account = account or self._recognize(connect_user)
        known = account.corbado_user_id
        self.check_connect(account.user)
        if not account.record_sign_in(connect_user, at=timezone.now()):
            raise SignInRefused("account_gone")
        if known and known != connect_user.corbado_user_id:
            logger.warning(
                "Connect: Corbado user %s is now %s (local user %s)",
                known,
                connect_user.corbado_user_id or "unknown",
                account.user.pk,
            )
        return account.user

    def _recognize(self, connect_user: ConnectUser) -> ConnectAccount:
        """Link somebody whose identifier is older than this app, by the site's own word."""
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
