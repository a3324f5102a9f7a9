"""The sign-in with Connect, and the confirmation of a person who is signed in already."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from corbado_auth import session
from corbado_auth.conf import conf
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.db_connections import take_turn
from corbado_auth.events import log_event, tell_refused
from corbado_auth.exceptions import InvalidPasskeyData, SignInRefused
from corbado_auth.handles import new_handle
from corbado_auth.identity import ConnectUser
from corbado_auth.impersonation import is_impersonating
from corbado_auth.json_views import Refusal, impersonating
from corbado_auth.models import ConnectAccount
from corbado_auth.next_url import safe_next
from corbado_auth.notices import note_browser
from corbado_auth.throttle import Attempt

from .component_view import ComponentView
from .signed_data import SignedPasskeyData, read_signed_data
from .visits import read_visit

__all__ = ["ConnectLoginView"]


class ConnectLoginView(ComponentView):
    """Take ``{"signedPasskeyData": …, "next": …}``, sign in, and return ``{"next": …}``.

    With ``"confirm": true``, the passkey must belong to the person who is already signed in. One
    call to Corbado, then the rules of this site; no database connection is held meanwhile. If
    another user is signed in, Django's ``login()`` signs them out: this page asked, and the person
    chose a passkey on it.
    """

    _what = "sign-in"

    def _has_begun(self, body: dict[str, Any]) -> bool:
        """Return whether the visitor has opened a page with the component."""
        self._visitor = read_visit(body.get("visit"))
        return bool(self._visitor)

    @sensitive_variables()
    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        """Sign in the owner of the handle, once Corbado has vouched for it."""
        data = self._readable(body.get("signedPasskeyData"))
        handle = self._own_handle() if body.get("confirm") else data.handle
        self._verify(data, handle)
        # Not sooner: this reads the database, to which no connection is held during the call to
        # Corbado.
        take_turn()
        if is_impersonating(self.request):
            raise impersonating()
        found = ConnectUser(handle=handle, corbado_user_id=data.corbado_user_id)
        if session.sign_in(self.request, method=session.PASSKEY, connect_user=found) is None:
            raise self._refused()
        response = JsonResponse({"next": next_of(self.request, body)})
        note_browser(self.request, response)
        return response

    @sensitive_variables()
    def _readable(self, value: object) -> SignedPasskeyData:
        """Check form, project and time, which takes no call and uses nothing up."""
        data = read_signed_data(value)
        if data is None:
            raise self._invalid("malformed")
        if data.project_id != conf.CORBADO_CONNECT_PROJECT_ID:
            raise self._invalid("other_project")
        if data.has_expired:
            raise self._invalid("expired")
        return data

    def _own_handle(self) -> str:
        """Return the signed-in person's handle: Corbado refuses anyone else's passkey."""
        user: Any = self.request.user
        if not user.is_authenticated:
            raise Refusal("not_signed_in", gettext("Sign in first."), 401)
        account = ConnectAccount.objects.for_user(user)
        if account is not None:
            return account.handle
        # The site's own identifier is known even before there is an account.
        if conf.CORBADO_CONNECT_IDENTIFIER:
            return new_handle(user)
        tell_refused(self.request, SignInRefused("no_account"))
        raise self._refused()

    def _verify(self, data: SignedPasskeyData, handle: str) -> None:
        """Ask Corbado, unless too many attempts from this address have failed."""
        attempt = Attempt(self.request, visitor=self._visitor)
        if not attempt.is_allowed:
            raise self._too_many_attempts()
        try:
            ConnectService().verify_signed_data(data.token, handle)
        except InvalidPasskeyData as error:
            attempt.note_failure()
            log_event(
                logging.INFO,
                "Sign-in failed: %s",
                error,
                event="sign_in_failed",
                reason="not_verified",
                corbado_user_id=data.corbado_user_id,
            )
            raise self._invalid("not_verified", 401) from None

    def _invalid(self, code: str, status: int = 400) -> Refusal:
        """Return the refusal of data that Corbado does not vouch for, or would not."""
        message = gettext("Your passkey could not be checked. Try again, or use your password.")
        return Refusal(code, message, status)

    def _too_many_attempts(self) -> Refusal:
        """Return the refusal of an address with too many failed attempts; Corbado is not asked."""
        message = gettext("Too many attempts. Wait a minute, or use your password.")
        return Refusal("too_many_attempts", message, 429, retry_after=60)

    def _refused(self) -> Refusal:
        """Return the refusal of a person, with the same sentence for all; the reason is logged."""
        message = gettext("You cannot sign in with this passkey here. Use your password.")
        return Refusal("refused", message, 403)


def next_of(request: HttpRequest, body: dict[str, Any]) -> str:
    """Return where the page goes next."""
    wanted = body.get("next")
    known = safe_next(request, wanted) if isinstance(wanted, str) else ""
    return known or resolve_url(settings.LOGIN_REDIRECT_URL)
