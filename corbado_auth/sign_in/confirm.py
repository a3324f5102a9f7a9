"""The confirm page, "Is this you?", shown if nothing proves that this browser asked."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from corbado_auth.csp import add_policy
from corbado_auth.db_connections import outside_transactions
from corbado_auth.events import log_event
from corbado_auth.identity import CorbadoUser
from corbado_auth.impersonation import is_impersonating
from corbado_auth.models import CorbadoAccount
from corbado_auth.next_url import first_page, safe_next
from corbado_auth.sessions.ending import end_sessions_of

from . import pending
from .csrf import OwnForms
from .pending import PendingSignIn
from .redirects import led_to, redirect_signed_in, sign_in
from .refusals import RefusalPages

__all__ = ["ConfirmView"]

# How long ago a sign-in may have been for a person to disown it: while they can answer, and before.
JUST_NOW = timedelta(minutes=20)
# In the query of the confirm page: our script asks whether another tab has answered it.
SETTLED = "settled"


@method_decorator(
    [login_not_required, never_cache, outside_transactions],
    name="dispatch",
)
class ConfirmView(OwnForms, RefusalPages):
    """Ask a person whether to sign in, if nothing proves that they asked to.

    Anyone can send a link with a token of their own (login CSRF): the page shows the whole
    confirmed address, and only its button goes on.
    """

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show who would be signed in; tell our script whether another tab has answered."""
        result = PendingSignIn.from_request(request)
        if SETTLED in request.GET:
            return self._settled(result, request.GET[SETTLED])
        return self._question(result) if result else self._nothing_pending()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Sign in the person whom the page showed, or discard the result."""
        if "decline" in request.POST:
            return self._declined()
        result = PendingSignIn.from_request(request)
        if result is None:
            return self._settled_here() or self.render_failure("nothing_pending")
        if objection := self._objection(result):
            return self._question(result, status=objection)
        if is_impersonating(request):
            return self.render_failure("impersonating")
        next_url = safe_next(request, result.next)
        response = sign_in(
            request, result.corbado_user, next_url=next_url, token_digest=result.token_digest
        )
        return response or self._not_let_in(
            result.corbado_user, next_url, result.token_digest, asked=False
        )

    def _objection(self, result: PendingSignIn | None) -> int | None:
        """Return the status that refuses this form if it does not answer the current question."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            # No click on our page: a sub-domain may be in CSRF_TRUSTED_ORIGINS, and may plant
            # cookies here.
            return 403
        if result and not constant_time_compare(self.request.POST.get("id", ""), result.id):
            return 409  # Another tab has stored someone else meanwhile.
        return None

    def form_out_of_date(self) -> HttpResponseBase:
        """Go on if another tab has signed the person in meanwhile, which changed the token."""
        return self._settled_here() or super().form_out_of_date()

    def _settled_here(self) -> HttpResponseBase | None:
        """Go on if the person of the form is signed in already, and meant it."""
        form = self.request.POST
        if "decline" in form or not self._is_signed_in_as(form.get("who", "")):
            return None
        return redirect_signed_in(self.request, led_to(self.request))

    def _settled(self, result: PendingSignIn | None, who: str) -> HttpResponse:
        """Tell our script where to go: on, here again, or (an empty URL) nowhere yet."""
        if self._is_signed_in_as(who):
            url = led_to(self.request) or first_page()
        elif result is not None and constant_time_compare(_who(result.corbado_user.id), who):
            url = ""
        else:
            url = self.request.path
        return self._add_headers(JsonResponse({"url": url}))

    def _is_signed_in_as(self, who: str) -> bool:
        user = self.request.user
        account = CorbadoAccount.objects.for_user(user) if user.is_authenticated else None
        return account is not None and constant_time_compare(_who(account.corbado_user_id), who)

    def _nothing_pending(self) -> HttpResponse:
        """Say that it took too long, or, to people who are signed in, that all is well."""
        if not self.request.user.is_authenticated:
            return self.render_failure("nothing_pending")
        next_url = led_to(self.request) or first_page()
        context = {**self.get_context_data(), "next_url": next_url}
        return self._add_headers(render(self.request, "corbado_auth/signed_in.html", context))

    def _question(self, result: PendingSignIn, status: int = 200) -> HttpResponse:
        """Show the whole confirmed address; an attacker could choose names and other addresses."""
        addresses = result.corbado_user.verified_emails
        who = _who(result.corbado_user.id)
        context = {
            "result": result,
            "addresses": addresses,
            "is_new": status == 409,
            "who": who,
            "settled_url": f"{self.request.path}?{urlencode({SETTLED: who})}",
        }
        return self._add_headers(
            render(self.request, "corbado_auth/confirm.html", context, status=status)
        )

    def _declined(self) -> HttpResponseBase:
        """Discard the result, and end what someone else may have begun with it.

        Opening an emailed link is enough to sign in the browser that asked for it (API notes 4.4).
        If that was someone else's, they are signed in already. Nobody's sessions end but those of
        the person whom the page showed.
        """
        result = PendingSignIn.from_request(self.request, max_age=pending.FIFTEEN_MINUTES)
        if result is None or self._objection(result):
            log_event(
                logging.WARNING,
                "Sign-in declined too late, or after another one: no session was ended",
                event="sign_in_declined",
                reason="too_late",
            )
        elif self._has_just_signed_in(result.corbado_user):
            log_event(
                logging.WARNING,
                "Sign-in declined right after another one: every session of that person was ended "
                "(Corbado user %s)",
                result.corbado_user.id,
                event="sign_in_declined",
                corbado_user_id=result.corbado_user.id,
            )
            end_sessions_of(self.request, result.corbado_user.id)
        response = self.render_failure("declined")
        pending.cookie.drop(self.request, response)
        return response

    def _has_just_signed_in(self, corbado_user: CorbadoUser) -> bool:
        account = CorbadoAccount.objects.for_corbado_user(corbado_user.id)
        last = account.last_sign_in_at if account is not None else None
        return last is not None and timezone.now() - last < JUST_NOW

    def _add_headers(self, response: HttpResponse) -> HttpResponse:
        """Forbid framing by other sites, and keep the Origin header of the page's own POST.

        Under ``no-referrer`` browsers send ``Origin: null``, which Django refuses.
        """
        response = super()._add_headers(response)
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Frame-Options"] = "DENY"
        return add_policy(response, "frame-ancestors 'none'")


def _who(corbado_user_id: str) -> str:
    """Return a digest for the page: enough to recognize a Corbado user."""
    return salted_hmac("corbado_auth.confirm", corbado_user_id, algorithm="sha256").hexdigest()[:32]
