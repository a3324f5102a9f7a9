"""Views for the passkeys of a signed-in user: list, add, remove."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
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
from corbado_auth.identity import Passkey, is_passkey_id
from corbado_auth.impersonation import is_impersonating
from corbado_auth.models import PasskeyNudge
from corbado_auth.next_url import (
    asked_next,
    back_url,
    first_page,
    login_required,
    next_in,
    safe_next,
    with_next,
)
from corbado_auth.sessions.ending import sign_out_everywhere
from corbado_auth.sign_in.failures import FailurePages
from corbado_auth.step_up.asking import ask_to_sign_in

from . import nudge
from .association import (
    AskedTooOften,
    AssociationRefused,
    address_for_passkey,
    passkeys_before,
    passkeys_of,
    remove_passkey,
    rename_passkey,
)
from .forms import PasskeyNameForm

__all__ = [
    "AddPasskeyView",
    "AnswerNudgeView",
    "PasskeysView",
    "RemovePasskeyView",
    "RenamePasskeyView",
]

# In the session: the passkeys before another one was added.
BEFORE = "_corbado_auth_passkeys_before"


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
            log_event(
                logging.WARNING,
                "Passkeys: %s (local user %s)",
                error,
                request.user.pk,
                event="passkey_refused",
                reason="too_many_questions",
            )
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
        return ask_to_sign_in(self.request, self.recent_sign_in, back_to=self._list_url())

    def _list_url(self) -> str:
        """Return the list of passkeys, which leads back to the same page as this one does."""
        return with_next(reverse("corbado_auth:passkeys"), asked_next(self.request))

    def _passkey(self, passkey_id: str) -> tuple[Passkey | None, bool]:
        """Return one passkey of this person, if it exists, and whether it is the last."""
        if not is_passkey_id(passkey_id):
            return None, False  # No passkey has such an ID, so Corbado is not asked.
        passkeys = passkeys_of(self.request, _user(self.request))
        found = next((each for each in passkeys if each.id == passkey_id), None)
        return found, len(passkeys) == 1

    def _back_to_list(self, done: str = "") -> HttpResponseBase:
        """Redirect to the list, which says what was done."""
        if done:
            messages.success(self.request, done, fail_silently=True)
        return SeeOther(self._list_url())

    def get_context_data(self) -> dict[str, Any]:
        """Add where the pages lead back to."""
        return {
            **super().get_context_data(),
            "list_url": self._list_url(),
            "back_url": back_url(self.request),
            "next": asked_next(self.request),
        }

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

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show the passkeys that Corbado lists."""
        passkeys = passkeys_of(request, _user(request))
        # Only if this browser has just added one; a reload does not say it again.
        before = request.session.pop(BEFORE, None) if "added" in request.GET else None
        if before is not None and {passkey.id for passkey in passkeys} - set(before):
            messages.success(request, gettext("Your passkey was added."), fail_silently=True)
        return self._show("passkeys", {"passkeys": passkeys})


class AddPasskeyView(PasskeyPage):
    """Let a signed-in user add a passkey with ``<corbado-passkey-associate>``."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect to the list: after a session expires, the login page returns here with GET."""
        return self._back_to_list()

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
        request.session[BEFORE] = passkeys_before(_user(request))
        done_url = f"{self._list_url()}{'&' if asked_next(request) else '?'}added=yes"
        return self._show("passkey_add", {"token": token, "address": address, "done_url": done_url})

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
        passkey, is_last = self._passkey(passkey_id)
        if passkey is None:
            return self._back_to_list()
        return self._show("passkey_remove", {"passkey": passkey, "is_last": is_last})

    def post(self, request: HttpRequest, passkey_id: str) -> HttpResponseBase:
        """Remove it; Corbado refuses to remove another person's."""
        if answer := self._refusal():
            return answer
        if remove_passkey(request, _user(request), passkey_id):
            return self._back_to_list(gettext("Your passkey was removed."))
        # Gone already, or never this person's: the list shows what is.
        return self._back_to_list()


class RenamePasskeyView(PasskeyPage):
    """Give one passkey of the signed-in user a name, which is kept here."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse people who impersonate someone else."""
        if is_impersonating(request):
            return self._show("impersonating", {}, 403)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, passkey_id: str) -> HttpResponseBase:
        """Show the form with the present name."""
        passkey, _is_last = self._passkey(passkey_id)
        if passkey is None:
            return self._back_to_list()
        form = PasskeyNameForm(initial={"name": passkey.name}, label_suffix="")
        return self._show("passkey_rename", {"passkey": passkey, "form": form})

    def post(self, request: HttpRequest, passkey_id: str) -> HttpResponseBase:
        """Keep the name, or say what is wrong with it."""
        passkey, _is_last = self._passkey(passkey_id)
        if passkey is None:
            return self._back_to_list()
        form = PasskeyNameForm(request.POST, label_suffix="")
        if not form.is_valid():
            return self._show("passkey_rename", {"passkey": passkey, "form": form}, 400)
        rename_passkey(_user(request), passkey_id, form.cleaned_data["name"])
        return self._back_to_list(gettext("The name was saved."))


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
                connect_list = reverse("corbado_auth:connect-passkeys")
                return SeeOther(with_next(connect_list, asked_next(request)))
            # Repeated with POST: the browser resends the form, including its CSRF token.
            return HttpResponseRedirect(reverse("corbado_auth:add-passkey"), preserve_request=True)
        return SeeOther(self._page(request))

    def _page(self, request: HttpRequest) -> str:
        """Return the URL of the page with the offer, or of the one after a sign-in."""
        return safe_next(request, next_in(request.POST)) or first_page()
