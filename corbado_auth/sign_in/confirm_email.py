"""The link by email that confirms the address of a person who is not let in yet."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from corbado_auth.addresses import same_address
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.db_connections import outside_transactions
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable, InvalidAuthToken
from corbado_auth.http import SeeOther, seconds_to_wait
from corbado_auth.next_url import host_of
from corbado_auth.throttle import Tally

from . import pending
from .auth_token import is_top_level_navigation, pop_link
from .csrf import OwnForms
from .pending import PendingSignIn
from .refusals import RefusalPages, address_to_confirm

__all__ = ["ConfirmEmailView"]


# How long an emailed link is valid, in Corbado's notation: no longer than we remember who asked.
LINK_LIFETIME = "15m"
LINKS_A_MINUTE = 2


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
        address = address_to_confirm(result) if result else ""
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
        address = address_to_confirm(result) if result else ""
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
        address, service = address_to_confirm(result), SignInService()
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
