"""Connect tokens, with which the component lists, adds or removes a person's passkeys."""

from __future__ import annotations

import logging
from typing import Any, cast, get_args

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from corbado_auth.backends import SignInRefused, corbado_backend
from corbado_auth.conf import conf
from corbado_auth.corbado_api.connect import ConnectService, TokenType
from corbado_auth.events import log_event
from corbado_auth.impersonation import is_impersonating
from corbado_auth.json_views import JSONView, Refusal, impersonating
from corbado_auth.known_passkeys import expect_removal
from corbado_auth.models import ConnectAccount
from corbado_auth.session import is_recent
from corbado_auth.throttle import Tally

from .changes import note_changes
from .component_view import ComponentView

__all__ = ["ConnectTokensView", "TokenIssuer"]

# A page takes one, and the list takes another after each change.
TOKENS_PER_MINUTE = 30


class TokenIssuer(JSONView):
    """Take ``{"type": …}`` from a signed-in person and return ``{"token": …}`` for their handle.

    The type is from a fixed list, and who is signed in decides whose token it is.
    """

    _what = "token"

    def _require_recent_sign_in(self) -> None:
        """Raise Refusal unless the person has just signed in: an old session may be stolen."""
        raise NotImplementedError

    @sensitive_variables("token")
    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        """Ask Corbado for a token, if this person may have one."""
        token_type = self._known_type(body.get("type"))
        user: Any = self.request.user
        if not user.is_authenticated:
            raise Refusal("not_signed_in", gettext("Sign in first."), 401)
        if is_impersonating(self.request):
            raise impersonating()
        self._check_person(user)
        if token_type != "passkey-list":  # noqa: S105 -- no password
            self._require_recent_sign_in()
        if Tally("connect_tokens", str(user.pk)).add() > TOKENS_PER_MINUTE:
            message = gettext("Too many attempts. Wait a minute.")
            raise Refusal("too_many_attempts", message, 429, retry_after=60)
        account = ConnectAccount.objects.get_or_link(user)
        if token_type == "passkey-delete":  # noqa: S105 -- no password
            expect_removal(account)
        token = ConnectService().create_connect_token(
            token_type,
            account.handle,
            display_name=_name(user) if token_type == "passkey-append" else "",  # noqa: S105
            lifetime=conf.CORBADO_CONNECT_TOKEN_LIFETIME,
        )
        if token_type == "passkey-list":  # noqa: S105 -- no password
            note_changes(self.request, account)
        return JsonResponse({"token": token})

    def _known_type(self, value: object) -> TokenType:
        """Return the type if it is on our list: Corbado has more, such as ``passkey-login``."""
        for known in get_args(TokenType):
            if value == known:
                found: TokenType = known
                return found
        types = ", ".join(get_args(TokenType))
        raise Refusal("unknown_type", gettext("The type must be one of: %s.") % types, 400)

    def _check_person(self, user: Any) -> None:
        """Refuse people whom the login view would refuse afterwards."""
        backend = corbado_backend()
        try:
            if backend is not None:
                backend.check_connect(user)
        except SignInRefused as refusal:
            log_event(
                logging.WARNING,
                "No connect token: %s (local user %s)",
                refusal.reason,
                user.pk,
                event="passkey_refused",
                reason=refusal.reason,
            )
            message = gettext("Passkeys are not available for your account.")
            raise Refusal("refused", message, 403) from None


class ConnectTokensView(TokenIssuer, ComponentView):
    """Issue connect tokens to Connect's component on our own pages; see TokenIssuer."""

    # How many seconds ago may the sign-in have been to add or remove a passkey?
    recent_sign_in = 10 * 60

    def _require_recent_sign_in(self) -> None:
        if not is_recent(self.request, self.recent_sign_in):
            raise Refusal("sign_in_again", gettext("Please sign in again first."), 403)

    @classmethod
    def _may_append(cls, request: HttpRequest) -> bool:
        """Return whether this person would get a token to add a passkey; takes no query."""
        backend, user = corbado_backend(), cast(AbstractBaseUser, request.user)
        if backend is None or not is_recent(request, cls.recent_sign_in):
            return False
        try:
            backend.check_connect(user)
        except SignInRefused:
            return False
        return True


def _name(user: Any) -> str:
    backend = corbado_backend()
    return backend.passkey_name(user) if backend else str(user.get_username())
