"""django-axes: wrong passwords lock out passwords, and never a passkey."""

from __future__ import annotations

from typing import Any

from axes.handlers.cache import AxesCacheHandler
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_credentials
from django.http import HttpRequest

from corbado_auth.identity import ConnectUser, CorbadoUser
from corbado_auth.local_users import users_with_email
from corbado_auth.models import ConnectAccount, CorbadoAccount, db_for_write

__all__ = ["CacheHandler", "DatabaseHandler", "PasskeysPass"]


class PasskeysPass:
    """A mixin for the handler of a site that has its own (``AXES_HANDLER``).

    Corbado has verified a person who comes with a passkey, so there is nothing to guess, and no
    lock stops them. A person whom this site still refuses is counted under their own user name.
    Addresses that the site has blocked by hand (``AXES_IP_BLACKLIST``, ``AXES_ONLY_WHITELIST``)
    stay blocked.
    """

    # For our system check, which cannot import this module on every site.
    lets_passkeys_pass = True

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Let anyone pass whom Corbado vouches for, unless the address is blocked by hand."""
        handler: Any = super()
        if _vouched_for(credentials) and not handler.is_blacklisted(request, credentials):
            return True
        return bool(handler.is_allowed(request, credentials))

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        """Count a refused passkey under its owner's name, which axes itself would not know.

        Our own page explains the refusal, so axes must not replace it with its own response.
        """
        handler: Any = super()
        person = _vouched_for(credentials)
        if person is None or request is None:
            handler.user_login_failed(sender, credentials, request, **kwargs)
            return
        handler.user_login_failed(sender, get_credentials(_name_of(person)), request, **kwargs)
        request.axes_locked_out = False  # type: ignore[attr-defined]


class DatabaseHandler(PasskeysPass, AxesDatabaseHandler):  # type: ignore[misc]
    """The handler of django-axes that counts in the database."""


class CacheHandler(PasskeysPass, AxesCacheHandler):  # type: ignore[misc]
    """The handler of django-axes that counts in a cache."""


def _vouched_for(credentials: dict[str, Any] | None) -> CorbadoUser | ConnectUser | None:
    """Return the person whom Corbado vouches for at this sign-in; None if it is by password."""
    found = (credentials or {}).get("corbado_user") or (credentials or {}).get("connect_user")
    return found if isinstance(found, CorbadoUser | ConnectUser) else None


def _name_of(person: CorbadoUser | ConnectUser) -> str:
    """Return the person's user name, or their Corbado user ID if they have no user here.

    Only confirmed addresses count, so nobody can run up failures in someone else's name.
    """
    if isinstance(person, ConnectUser):
        passkeys = ConnectAccount.objects.for_handle(person.handle)
        return passkeys.user.get_username() if passkeys else person.corbado_user_id
    account = CorbadoAccount.objects.for_corbado_user(person.id)
    if account is not None:
        return account.user.get_username()
    found = users_with_email(person.verified_emails, using=db_for_write())
    return found[0].get_username() if len(found) == 1 else person.id
