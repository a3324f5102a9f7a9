"""The pages for verified people whom the site does not let in, and how they can go on.

A person with an account here that the address does not open can link it with its password, or
confirm the address with an emailed link; so can a new person whose address must be confirmed. Both
go on from a signed cookie that contains whom Corbado vouched for, and is never enough alone: a
password is accepted only on the response to a sign-in that this browser asked for, and an emailed
link only in the browser that asked for it.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.debug import sensitive_post_parameters

from corbado_auth import passwords
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.db_connections import outside_transactions
from corbado_auth.events import log_event, tell_refused
from corbado_auth.exceptions import (
    CorbadoRejected,
    CorbadoUnavailable,
    SignInRefused,
)
from corbado_auth.identity import CorbadoUser
from corbado_auth.impersonation import is_impersonating
from corbado_auth.models import CorbadoAccount
from corbado_auth.next_url import safe_next

from . import invitation, pending
from .csrf import OwnForms
from .failures import STATUSES, FailurePages
from .forms import PasswordForm
from .pending import PendingSignIn
from .redirects import sign_in
from .signed_cookies import TooLargeError

__all__ = ["LinkAccountView", "RefusalPages", "address_to_confirm", "is_left_behind"]


# Reasons for people who, as far as the site can tell, have an account here.
KNOWN_HERE = {"account_exists", "ambiguous_email", "lookup_is_blind", "staff_user"}
# Reasons for people who only have to confirm their address, and the page that says so.
LACK_ADDRESS = {
    "address_unconfirmed": "address_unconfirmed",
    "no_confirmed_email": "confirm_email",
}


class RefusalPages(FailurePages):
    """A view that may have to explain to a verified person why they are not let in."""

    def _not_let_in(
        self, corbado_user: CorbadoUser, next_url: str, token_digest: str, *, asked: bool
    ) -> HttpResponse:
        """Return the page for the reason that the backend left on the request.

        ``asked``: it is proved that this browser began the sign-in. If not, someone may have sent
        a link with a token of theirs, and a password entered here would link the two.
        """
        refusal: Any = getattr(self.request, "corbado_refusal", None)
        if is_left_behind(refusal, corbado_user):
            response = sign_in(
                self.request, corbado_user, next_url=next_url, token_digest=token_digest
            )
            if response is not None:
                return response
            refusal = self.request.corbado_refusal  # type: ignore[attr-defined]
        reason = refusal.reason if refusal is not None else ""
        if reason == "inactive_user":
            return self.render_failure("inactive")
        lacks_address = reason in LACK_ADDRESS and corbado_user.unverified_emails
        if not lacks_address and reason not in KNOWN_HERE:
            page = self.render_failure(reason if reason in STATUSES else "refused")
            # Otherwise someone who accepted another person's could never sign in as themselves.
            invitation.cookie.drop(self.request, page)
            return page
        result = PendingSignIn(
            pending.new_id(),
            corbado_user,
            next_url,
            token_digest,
            takes_password=asked and refusal.password_helps and passwords.are_taken(),
        )
        return self._unfinished(result, reason)

    def _unfinished(
        self, result: PendingSignIn, reason: str = "account_exists", form: Form | None = None
    ) -> HttpResponse:
        """Show how to go on, and store who it is about."""
        name = LACK_ADDRESS.get(reason, "account_exists")
        by_email = reason in LACK_ADDRESS or reason == "account_exists"
        context = {
            **self.get_context_data(),
            "result": result,
            "is_certain": reason != "lookup_is_blind",
            "takes_password": result.takes_password,
            "form": form or PasswordForm(self.request),
            "mails_link_to": address_to_confirm(result) if by_email else "",
        }

        # The redirect view needs no CSRF token, and its page has forms that do.
        @requires_csrf_token
        def show(request: HttpRequest) -> HttpResponse:
            return render(request, f"corbado_auth/{name}.html", context, status=403)

        response = self._add_headers(show(self.request))
        # ``no-referrer`` would make the Origin of the forms ``null``, which Django refuses.
        response.headers["Referrer-Policy"] = "strict-origin"
        response.headers["X-Frame-Options"] = "DENY"
        try:
            pending.keep(self.request, response, result, in_cookie=pending.unfinished)
        except TooLargeError:
            tell_refused(self.request, SignInRefused("too_large"), result.corbado_user.id)
            return self.render_failure("refused")
        return response

    def _own_form(self) -> PendingSignIn | None:
        """Return the sign-in that a form of ours is about; None unless sent from its page."""
        request = self.request
        result = PendingSignIn.from_request(
            request, kept_in=pending.unfinished, max_age=pending.FIFTEEN_MINUTES
        )
        if result is None or is_impersonating(request):
            return None
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            # No click on our page: a sub-domain may be in CSRF_TRUSTED_ORIGINS, and may plant
            # cookies here.
            return None
        return result if constant_time_compare(request.POST.get("id", ""), result.id) else None


@method_decorator(
    [
        login_not_required,
        never_cache,
        sensitive_post_parameters("password"),
        outside_transactions,
    ],
    name="dispatch",
)
class LinkAccountView(OwnForms, RefusalPages):
    """Link a person who has just come from Corbado to the account whose password they enter."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Check the password, and let the backend decide."""
        result = self._own_form()
        if result is None or not result.takes_password:
            return self.render_failure("nothing_pending")
        form = PasswordForm(request, request.POST)
        if not form.is_valid():
            return self._unfinished(result, form=form)
        response = sign_in(
            request,
            result.corbado_user,
            local_user=form.get_user(),
            next_url=safe_next(request, result.next),
            token_digest=result.token_digest,
        )
        if response is not None:
            return response
        refusal: Any = getattr(request, "corbado_refusal", None)
        if refusal is not None and refusal.reason == "other_address":
            form.add_error(None, _("This account has a different email address than the passkey."))
            return self._unfinished(result, form=form)
        return self.render_failure("refused")


def is_left_behind(refusal: Any, corbado_user: CorbadoUser) -> bool:
    """Unlink a Corbado user who was deleted there, and has come back as this one.

    Only on Corbado's own word, and only for someone whom a confirmed address would link.
    """
    former = refusal.linked_to if refusal is not None else ""
    if not former or not corbado_user.verified_emails:
        return False
    try:
        if CorbadoService().get_user(former).status != "deleted":
            return False
    except CorbadoRejected as error:
        if error.error_type != "not_found":
            log_failure("Sign-in refused", error)
            return False
    except CorbadoUnavailable as error:
        log_failure("Sign-in refused", error)
        return False
    log_event(
        logging.WARNING,
        "Unlinked: Corbado user %s is deleted there, and their local user comes back as %s",
        former,
        corbado_user.id,
        event="account_unlinked",
        reason="corbado_user_deleted",
        corbado_user_id=former,
    )
    CorbadoAccount.objects.current().filter(corbado_user_id=former).delete()
    return True


def address_to_confirm(result: PendingSignIn) -> str:
    """Return the address that a link by email would confirm, or an empty string."""
    return next(iter(result.corbado_user.unverified_emails), "")
