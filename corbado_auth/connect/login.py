"""The sign-in with Connect, and the confirmation of a person who is signed in already."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from corbado_auth import session
from corbado_auth.conf import conf
from corbado_auth.db_connections import take_turn
from corbado_auth.events import tell_refused
from corbado_auth.exceptions import SignInRefused
from corbado_auth.handles import new_handle
from corbado_auth.identity import ConnectUser
from corbado_auth.impersonation import is_impersonating
from corbado_auth.json_views import Refusal, impersonating
from corbado_auth.models import ConnectAccount
from corbado_auth.next_url import first_page, safe_next
from corbado_auth.notices import note_browser

from .component_view import ComponentView
from .verification import readable, refused, verify
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
        data = readable(body.get("signedPasskeyData"))
        handle = self._own_handle() if body.get("confirm") else data.handle
        verify(self.request, data, handle, visitor=self._visitor)
        # Not sooner: this reads the database, to which no connection is held during the call to
        # Corbado.
        take_turn()
        if is_impersonating(self.request):
            raise impersonating()
        found = ConnectUser(handle=handle, corbado_user_id=data.corbado_user_id)
        if session.sign_in(self.request, method=session.PASSKEY, connect_user=found) is None:
            raise refused()
        response = JsonResponse({"next": next_of(self.request, body)})
        note_browser(self.request, response)
        return response

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
        raise refused()


def next_of(request: HttpRequest, body: dict[str, Any]) -> str:
    """Return where the page goes next."""
    wanted = body.get("next")
    known = safe_next(request, wanted) if isinstance(wanted, str) else ""
    return known or first_page()
