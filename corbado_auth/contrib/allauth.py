"""django-allauth: people who have just signed in through Corbado need not reauthenticate."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.utils.translation import gettext_lazy as _

from corbado_auth.conf import conf
from corbado_auth.models import ConnectAccount, CorbadoAccount
from corbado_auth.next_url import login_page_url
from corbado_auth.session import OTHER, is_recent, last_sign_in

__all__ = ["AccountAdapter", "PasskeyReauthentication"]


class PasskeyReauthentication:
    """A mixin for the adapter of a site that has its own (``ACCOUNT_ADAPTER``).

    allauth asks people to authenticate again before some changes, with a password or an emailed
    code, and answers 403 to anyone who has neither. With this mixin, a sign-in through Corbado
    counts for ACCOUNT_REAUTHENTICATION_TIMEOUT, and is offered.
    """

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return False for a person who has just signed in through Corbado in this session."""
        adapter: Any = super()
        return not _came_lately_through_corbado(self.request) and bool(  # type: ignore[attr-defined]
            adapter.is_reauthentication_required(app=app, **kwargs)
        )

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Offer the login page, too; in first place to people without a password."""
        adapter: Any = super()
        methods: list[dict[str, Any]] = adapter.get_reauthentication_methods(user)
        if user.is_authenticated and _has_account(user):
            passkey = {
                "id": "corbado",
                "description": _("Use your passkey"),
                "url": login_page_url(),
            }
            methods.insert(len(methods) if user.has_usable_password() else 0, passkey)
        return methods


class AccountAdapter(PasskeyReauthentication, DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's own adapter, with passkeys."""


def _came_lately_through_corbado(request: Any) -> bool:
    last = last_sign_in(request)
    return (
        last is not None
        and last.method != OTHER
        and is_recent(request, app_settings.REAUTHENTICATION_TIMEOUT)
    )


def _has_account(user: Any) -> bool:
    """Return whether this user can sign in through Corbado."""
    if conf.CORBADO_CONNECT is not True and CorbadoAccount.objects.for_user(user):
        return True
    return bool(conf.CORBADO_CONNECT and ConnectAccount.objects.for_user(user))
