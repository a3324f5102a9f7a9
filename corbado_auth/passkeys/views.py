"""Views for the passkeys of a signed-in user: list, add, remove."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables

from corbado_auth.client_info import client_info
from corbado_auth.conf import conf
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.db_connections import outside_transactions
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError, CorbadoRejected
from corbado_auth.http import SeeOther, seconds_to_wait
from corbado_auth.impersonation import is_impersonating
from corbado_auth.models import PasskeyNudge
from corbado_auth.next_url import safe_next
from corbado_auth.sessions.ending import sign_out_everywhere
from corbado_auth.sign_in.failures import FailurePages
from corbado_auth.step_up.asking import ask_to_sign_in

from . import nudge
from .association import (
    AskedTooOften,
    AssociationRefused,
    address_for_passkey,
    passkeys_of,
    remove_passkey,
)

__all__ = ["AddPasskeyView", "AnswerNudgeView", "PasskeysView", "RemovePasskeyView"]

logger = logging.getLogger("corbado_auth")


@method_decorator(
    [login_required, never_cache, csrf_protect, outside_transactions], name="dispatch"
)
class PasskeyPage(FailurePages):
    """A page for signed-in users only, which takes nothing about identity from the request."""

    # How many seconds ago may the sign-in have been to add or remove a passkey?
    recent_sign_in = 10 * 60

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show an error page when a call to Corbado fails."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except AskedTooOften as error:
            logger.warning("Passkeys: %s (local user %s)", error, request.user.pk)
            return self._unavailable(error.retry_after, status=429)
        except CorbadoError as error:
            log_failure("Passkeys", error)
            if isinstance(error, CorbadoRejected):
                return self.render_failure("misconfigured")
            return self._unavailable(getattr(error, "retry_after", None))

    def _refusal(self) -> HttpResponseBase | None:
        """Return a page that refuses to add or remove a passkey now; None if that is allowed.

        An old session may be stolen, and a passkey would outlive a session that impersonates.
        """
        back_to = reverse("corbado_auth:passkeys")
        return ask_to_sign_in(self.request, self.recent_sign_in, back_to=back_to)

    def _unavailable(self, retry_after: int | None = None, *, status: int = 503) -> HttpResponse:
        """Show a page while Corbado does not answer, or was not asked."""
        response = self._show("passkeys_unavailable", {}, status)
        response.headers["Retry-After"] = str(seconds_to_wait(retry_after))
        return response

    def _show(self, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Render one page."""
        template = f"corbado_auth/{name}.html"
        response = render(
            self.request, template, {**self.get_context_data(), **context}, status=status
        )
        response.headers["Referrer-Policy"] = "same-origin"
        return response


class PasskeysView(PasskeyPage):
    """List the passkeys of the signed-in user."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show the passkeys that Corbado lists."""
        return self._show("passkeys", {"passkeys": passkeys_of(request, _user(request))})


class AddPasskeyView(PasskeyPage):
    """Let a signed-in user add a passkey with ``<corbado-passkey-associate>``."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect to the list: after a session expires, the login page returns here with GET."""
        return SeeOther(reverse("corbado_auth:passkeys"))

    @sensitive_variables("token")
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Show the component with a fresh association token: single-use, and never in a URL."""
        if answer := self._refusal():
            return answer
        try:
            address = address_for_passkey(request, _user(request))
        except AssociationRefused as refusal:
            log_event(
                logging.WARNING,
                "No passkey added: %s (local user %s)",
                refusal,
                request.user.pk,
                event="passkey_refused",
                reason=refusal.reason,
            )
            if refusal.reason == "corbado_user_deleted":
                sign_out_everywhere(request)
                return self.render_failure("closed")
            return self._through_corbado(refusal.reason)
        token = SignInService().create_association_token(address, client_info(request))
        return self._show("passkey_add", {"token": token, "address": address})

    def _through_corbado(self, reason: str) -> HttpResponse:
        """Ask the person to sign in through Corbado once, which links them by the usual rules."""
        return self._show("passkey_through_corbado", {"reason": reason}, 409)


class RemovePasskeyView(PasskeyPage):
    """Remove one passkey of the signed-in user, after asking."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, passkey_id: str) -> HttpResponseBase:
        """Ask for confirmation."""
        if answer := self._refusal():
            return answer
        passkeys = {passkey.id: passkey for passkey in passkeys_of(request, _user(request))}
        if passkey_id not in passkeys:
            return SeeOther(reverse("corbado_auth:passkeys"))
        context = {"passkey": passkeys[passkey_id], "is_last": len(passkeys) == 1}
        return self._show("passkey_remove", context)

    def post(self, request: HttpRequest, passkey_id: str) -> HttpResponseBase:
        """Remove it; Corbado refuses to remove another person's."""
        if answer := self._refusal():
            return answer
        remove_passkey(request, _user(request), passkey_id)
        # Gone already, or never this person's: the list shows what is.
        return SeeOther(reverse("corbado_auth:passkeys"))


def _user(request: HttpRequest) -> Any:
    return request.user


# A visitor whose session has expired goes back to the page, which asks them to sign in.
@method_decorator([login_not_required, never_cache, csrf_protect], name="dispatch")
class AnswerNudgeView(View):
    """Record the answer to ``{% corbado_passkey_nudge %}``, and go on."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect to adding a passkey, or back to the page with the offer."""
        said = request.POST.get("answer", "")
        if said not in PasskeyNudge.Answer.values:
            known = ", ".join(PasskeyNudge.Answer.values)
            return HttpResponseBadRequest(
                gettext("The answer must be one of: %(known)s.") % {"known": known},
                content_type="text/plain; charset=utf-8",
            )
        if not request.user.is_authenticated or is_impersonating(request):
            return SeeOther(self._page(request))
        nudge.answer(request, PasskeyNudge.Answer(said))
        if said == PasskeyNudge.Answer.ADD:
            if conf.uses_connect_alone():
                return SeeOther(reverse("corbado_auth:connect-passkeys"))
            # Repeated with POST: the browser resends the form, including its CSRF token.
            return HttpResponseRedirect(reverse("corbado_auth:add-passkey"), preserve_request=True)
        return SeeOther(self._page(request))

    def _page(self, request: HttpRequest) -> str:
        """Return the URL of the page with the offer, or of the one after a sign-in."""
        wanted = safe_next(request, request.POST.get("next", ""))
        return wanted or resolve_url(settings.LOGIN_REDIRECT_URL)
