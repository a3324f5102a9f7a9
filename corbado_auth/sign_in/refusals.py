"""The pages for verified people whom the site does not let in, and how they can go on.

A person with an account here that the address does not open can link it with its password, or
confirm the address with an emailed link; so can a new person whose address must be confirmed. Both
go on from a signed cookie that contains whom Corbado vouched for, and is never enough alone: a
password is accepted only on the response to a sign-in that this browser asked for, and an emailed
link only in the browser that asked for it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.debug import sensitive_post_parameters

from corbado_auth import passwords
from corbado_auth.addresses import same_address
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.corbado_api.service import CorbadoService, SignInService
from corbado_auth.db_connections import outside_transactions
from corbado_auth.events import log_event, tell_refused
from corbado_auth.exceptions import (
    CorbadoRejected,
    CorbadoUnavailable,
    InvalidAuthToken,
    SignInRefused,
)
from corbado_auth.http import SeeOther, seconds_to_wait
from corbado_auth.identity import CorbadoUser
from corbado_auth.impersonation import is_impersonating
from corbado_auth.models import CorbadoAccount
from corbado_auth.next_url import host_of, safe_next
from corbado_auth.throttle import Tally

from . import invitation, pending
from .auth_token import is_top_level_navigation, pop_link
from .csrf import OwnForms
from .failures import STATUSES, FailurePages
from .forms import PasswordForm
from .pending import PendingSignIn
from .redirects import sign_in
from .signed_cookies import TooLargeError

__all__ = ["ConfirmEmailView", "LinkAccountView", "RefusalPages"]


# Reasons for people who, as far as the site can tell, have an account here.
KNOWN_HERE = {"account_exists", "ambiguous_email", "lookup_is_blind", "staff_user"}
# Reasons for people who only have to confirm their address, and the page that says so.
LACK_ADDRESS = {
    "address_unconfirmed": "address_unconfirmed",
    "no_confirmed_email": "confirm_email",
}
# How long an emailed link is valid, in Corbado's notation: no longer than we remember who asked.
LINK_LIFETIME = "15m"
LINKS_A_MINUTE = 2


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
            "mails_link_to": _address_to_confirm(result) if by_email else "",
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


@method_decorator(
    [login_not_required, never_cache, outside_transactions],
    name="dispatch",
)
class ConfirmEmailView(OwnForms, RefusalPages):
    """Email a link to a person whose address must be confirmed, and accept it when opened.

    Only in the browser that asked: opening a link that someone else asked for must not confirm
    the address for them.
    """

    http_method_names = ["get", "post"]

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take the link first of all: what is refused is logged with its request."""
        super().setup(request, *args, **kwargs)
        self.link = pop_link(request)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Accept a link, or say that one is on its way."""
        result = PendingSignIn.from_request(
            request, kept_in=pending.unfinished, max_age=pending.FIFTEEN_MINUTES
        )
        if self.link is not None:
            return self._opened(result, *self.link)
        address = _address_to_confirm(result) if result else ""
        if result is None or not address:
            return self.render_failure("nothing_pending")
        if not result.link_id:
            # Corbado did not answer when it was to send the link, and the person tries again.
            reason = "account_exists" if result.takes_password else "no_confirmed_email"
            return self._unfinished(result, reason)
        context = {"result": result, "mails_link_to": address}
        page = render(
            request, "corbado_auth/email_sent.html", {**self.get_context_data(), **context}
        )
        return self._with_form(page)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Have Corbado email the link."""
        result = self._own_form()
        address = _address_to_confirm(result) if result else ""
        if result is None or not address:
            return self.render_failure("nothing_pending")
        if Tally("mailed_links", address).add() > LINKS_A_MINUTE:
            return self.render_failure("too_many_links", retry_after=60)
        here = request.build_absolute_uri(reverse("corbado_auth:confirm-email"))
        try:
            if not _is_sites_own_host(request):
                log_event(
                    logging.WARNING,
                    "No link by email to %s, to which Corbado sends nobody: this host is not one "
                    "of ALLOWED_HOSTS by its own name, and may be someone else's",
                    request.get_host(),
                    event="sign_in_failed",
                    reason="other_host",
                    corbado_user_id=result.corbado_user.id,
                )
                return self.render_failure("refused")
            link_id = SignInService().send_email_link(address, here, lifetime=LINK_LIFETIME)
        except (CorbadoUnavailable, CorbadoRejected) as error:
            return self._corbado_failed(error, result)
        response = SeeOther(here)
        pending.keep(
            request,
            response,
            replace(result, link_id=link_id, has_opened_link=False),
            in_cookie=pending.unfinished,
        )
        return self._add_headers(response)

    def _opened(self, result: PendingSignIn | None, link_id: str, token: str) -> HttpResponseBase:
        """Have Corbado confirm the address, and ask whether to sign in as its owner."""
        if not is_top_level_navigation(self.request):
            return self.render_failure("not_a_navigation")
        if result is None or not constant_time_compare(result.link_id, link_id):
            return self.render_failure("other_browser")
        address, service = _address_to_confirm(result), SignInService()
        try:
            owner = result.corbado_user.id
            if not result.has_opened_link:
                owner = service.validate_email_link(link_id, token)
                result = replace(result, has_opened_link=owner == result.corbado_user.id)
            person = service.get_user(owner)
        except InvalidAuthToken as error:
            log_event(
                logging.INFO,
                "Email link failed: %s",
                error,
                event="sign_in_failed",
                reason="invalid_link",
                corbado_user_id=result.corbado_user.id,
            )
            return self.render_failure("invalid_token")
        except (CorbadoUnavailable, CorbadoRejected) as error:
            return self._corbado_failed(error, result)
        is_confirmed = any(same_address(address, each) for each in person.verified_emails)
        if person.id != result.corbado_user.id or not is_confirmed:
            log_event(
                logging.ERROR,
                "Email link failed: Corbado confirmed nothing (%s)",
                person.id,
                event="sign_in_failed",
                reason="nothing_confirmed",
                corbado_user_id=person.id,
            )
            return self.render_failure("refused")
        # As after a magic link in the component: the link may have been planted.
        response = SeeOther(reverse("corbado_auth:confirm"))
        pending.store(
            self.request,
            response,
            person,
            next_url=result.next,
            token_digest=result.token_digest,
        )
        pending.unfinished.drop(self.request, response)
        return self._add_headers(response)

    def _corbado_failed(
        self, error: CorbadoUnavailable | CorbadoRejected, result: PendingSignIn
    ) -> HttpResponse:
        log_failure("Email link failed", error, result.corbado_user.id)
        if isinstance(error, CorbadoRejected):
            return self.render_failure("misconfigured")
        page = self.render_failure("unavailable", retry_after=seconds_to_wait(error.retry_after))
        if result.has_opened_link:
            # Corbado has used the link up, and failed afterwards: a reload goes on from there.
            pending.keep(self.request, page, result, in_cookie=pending.unfinished)
        return page


def _is_sites_own_host(request: HttpRequest) -> bool:
    """Return whether an email may lead to the host of this request, which its sender chooses.

    Yes if ALLOWED_HOSTS has its name. If it only has a wildcard, the host may be a customer's, who
    would get the link's token: then it has to be the one to which Corbado sends people.
    """
    host = request.get_host()
    if settings.DEBUG or split_domain_port(host)[0] in map(str.lower, settings.ALLOWED_HOSTS):
        return True
    config, _date = SignInService().project_config()
    try:
        theirs = urlsplit(config.redirect_url)
    except ValueError:
        return False
    return host_of(request.scheme or "", host) == host_of(theirs.scheme, theirs.netloc)


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


def _address_to_confirm(result: PendingSignIn) -> str:
    return next(iter(result.corbado_user.unverified_emails), "")
