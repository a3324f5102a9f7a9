"""Sign in and out: each view tells its story, the rooms below do the work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from corbado_auth import passwords, session
from corbado_auth.client_info import client_info
from corbado_auth.conf import conf
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.db_connections import outside_transactions, take_turn
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable, InvalidAuthToken
from corbado_auth.http import SeeOther, seconds_to_wait
from corbado_auth.identity import CorbadoUser
from corbado_auth.impersonation import is_impersonating
from corbado_auth.next_url import first_url, login_page_url, safe_next
from corbado_auth.sessions.ending import end_sessions_of
from corbado_auth.throttle import Attempt

from . import intent, pending
from .auth_token import (
    LINK_PARAMETERS,
    AuthToken,
    is_in_url,
    is_top_level_navigation,
    mask_link_tokens,
    pop_auth_token,
    token_digest,
)
from .failures import FailurePages
from .forms import PasswordForm
from .pending import PendingSignIn
from .redirects import redirect_signed_in, reloaded_next, sign_in
from .signed_cookies import TooLargeError

__all__ = ["ConfirmView", "CorbadoRedirectView", "LoginView", "LogoutView"]

logger = logging.getLogger("corbado_auth")

# In the query of the login page, while a site changes to Connect: show the older component.
OLDER_WAY = "older"
# Tells our script that somebody has signed out in this browser.
SIGNED_OUT = "corbado_auth_signed_out"
YEAR = 365 * 24 * 3600


@method_decorator([login_not_required, intent.login_page], name="dispatch")
class LoginView(auth_views.LoginView):
    """Show Corbado's component, and a form for passwords; opening the page writes no database row.

    For a signed-in visitor too, without a redirect: the query may hold a magic link.
    """

    http_method_names = ["get", "post"]
    template_name = "corbado_auth/login.html"
    form_class = PasswordForm

    # Show the form, where a backend takes passwords (CORBADO_PASSWORD_BACKENDS)?
    has_password_form = True

    # What the page of a forgotten password is called; the first one that the site has is linked.
    password_reset_names: Collection[str] = (
        "password_reset",
        "account_reset_password",
        "password-reset",
    )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign in with a password; 405 where the page has no form for it."""
        if not self.takes_password():
            return self.http_method_not_allowed(request)
        return super().post(request, *args, **kwargs)

    def takes_password(self) -> bool:
        """Tell whether the page has the form."""
        return self.has_password_form and passwords.are_taken()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether the form is shown, and where a forgotten password is replaced."""
        return super().get_context_data(
            takes_password=self.takes_password(),
            is_connect=self._is_connect(),
            older_way_url=self._older_way_url() if conf.CORBADO_CONNECT == "both" else "",
            password_reset_url=first_url(self.password_reset_names),
            **kwargs,
        )

    def _is_connect(self) -> bool:
        """Tell which product's component the page shows; a magic link is always the older one's."""
        asks_for_older = OLDER_WAY in self.request.GET or LINK_PARAMETERS & self.request.GET.keys()
        return bool(conf.CORBADO_CONNECT) and not (
            conf.CORBADO_CONNECT == "both" and asks_for_older
        )

    def _older_way_url(self) -> str:
        """Return this page with the older component, for those who have moved no passkey yet."""
        query = {OLDER_WAY: "yes"}
        if next_url := self.get_redirect_url():
            query["next"] = next_url
        return f"{self.request.path}?{urlencode(query)}"

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return where to go after the password: our redirect view and confirm page are no place.

        A link to this page may name them, with a token of whoever sent it.
        """
        field = self.redirect_field_name
        return safe_next(
            self.request, self.request.POST.get(field, self.request.GET.get(field, ""))
        )


class CorbadoRedirectView(FailurePages):
    """Take the auth token that Corbado sent the browser with, and make a session.

    No connection to the database is held while Corbado is asked.
    """

    http_method_names = ["get"]

    # What if nothing proves that this browser asked? Ask ("confirm"), refuse ("require"; that
    # refuses the tab of a magic link too), or sign in all the same ("off").
    login_intent: Literal["confirm", "require", "off"] = "confirm"

    # Which pages of other origins are login pages, too? Such as "https://www.example.com/login/".
    login_pages: Collection[str] = ()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Make the view; decorated here, and not anew at each request as ``dispatch`` would be.

        A POST is answered 405, and not by Django's CSRF page, which would log the request with the
        token still in it.
        """
        view = csrf_exempt(super().as_view(**initkwargs))
        return login_not_required(outside_transactions(view))

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take the token first of all: what is refused is logged with its request."""
        super().setup(request, *args, **kwargs)
        referer = AuthToken(request.META.get("HTTP_REFERER", ""))
        self.token = pop_auth_token(request)
        # Our login page was open before there was a token. Where its URL has the token already,
        # somebody prepared the way to here: a link on the page that follows ``next``, through any
        # view of the site that redirects (Django's ``set_language`` is one).
        self.was_prepared = self.token is not None and is_in_url(self.token, referer)
        self.intent = intent.Intent.from_request(request)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Sign in: one question to Corbado, then the rules of this site.

        Nothing before the question reads session or user, which are in the database.
        """
        if not is_top_level_navigation(request):
            return self.render_failure("not_a_navigation")
        if self.token is None:
            return self.render_failure("malformed_token")
        self._digest = token_digest(self.token)
        if self.login_intent != "off" and self._shows_no_sign_of_asking():
            return self._signed_in_before() or self.render_failure("not_asked_here")

        attempt = Attempt(request, visitor=self.intent.id if self.intent else "")
        if not attempt.is_allowed:
            return self._signed_in_before() or self.render_failure(
                "too_many_attempts", retry_after=60
            )
        try:
            corbado_user = CorbadoService().validate_auth_token(self.token, client_info(request))
        except InvalidAuthToken as error:
            # A reload counts, too, or it would be a way to ask Corbado without end.
            attempt.note_failure()
            logger.info("Sign-in failed: %s", error)
            return self._signed_in_before() or self.render_failure("invalid_token")
        except CorbadoUnavailable as error:
            log_failure("Sign-in failed", error)
            return self._signed_in_before() or self.render_failure(
                "unavailable", retry_after=seconds_to_wait(error.retry_after)
            )
        except CorbadoRejected as error:
            # A header that the visitor chose may be what Corbado rejects.
            attempt.note_failure()
            log_failure("Sign-in failed", error)
            return self.render_failure("misconfigured")
        take_turn()
        return self._vouched_for(corbado_user, self._digest)

    def _signed_in_before(self) -> HttpResponseBase | None:
        """Send on whom this very token has signed in before, instead of a refusal."""
        if self.request.session.session_key is None:
            return None
        take_turn()
        target = reloaded_next(self.request, self._digest)
        return redirect_signed_in(self.request, target) if target else None

    def _shows_no_sign_of_asking(self) -> bool:
        """Tell a mail scanner or a script from a person: no intent, and no browser's headers."""
        return self.intent is None and "HTTP_SEC_FETCH_SITE" not in self.request.META

    def _vouched_for(self, corbado_user: CorbadoUser, digest: str) -> HttpResponseBase:
        """Go on with a verified person: silently where this browser asked, else by asking."""
        referer = intent.referer_of(self.request)
        next_url = self.intent.next_for(self.request, referer) if self.intent else ""
        asked = self.login_intent == "off" or (
            not self.was_prepared
            and intent.was_asked_for(self.request, self.intent, self.login_pages)
        )
        if corbado_user.is_gone:
            # The backend refuses them below.
            end_sessions_of(self.request, corbado_user.id)
        if is_impersonating(self.request):
            return self.render_failure("impersonating")
        is_same_person = session.is_signed_in_as(self.request, corbado_user)
        if is_same_person and not asked:
            return redirect_signed_in(self.request, next_url)
        if self.login_intent == "require" and not asked:
            logger.warning("Sign-in refused: not_asked (Corbado user %s)", corbado_user.id)
            return self.render_failure("not_asked_here")
        is_somebody_else = self.request.user.is_authenticated and not is_same_person
        if not asked or (self.login_intent != "off" and is_somebody_else):
            # Whoever is signed in as somebody else is told so first.
            return self._ask_first(corbado_user, next_url, digest)
        response = sign_in(self.request, corbado_user, next_url=next_url, token_digest=digest)
        return response or self.render_refusal()

    def _ask_first(self, corbado_user: CorbadoUser, next_url: str, digest: str) -> HttpResponseBase:
        """Let the verified result wait for a click on the confirm page."""
        response = SeeOther(reverse("corbado_auth:confirm"))
        try:
            pending.store(
                self.request, response, corbado_user, next_url=next_url, token_digest=digest
            )
        except TooLargeError:
            logger.warning("Sign-in refused: too_large (Corbado user %s)", corbado_user.id)
            return self.render_failure("refused")
        return self._add_headers(response)


@method_decorator(
    [login_not_required, never_cache, csrf_protect, outside_transactions],
    name="dispatch",
)
class ConfirmView(FailurePages):
    """Ask a person whether to sign in as somebody, where nothing proves that they asked to.

    Anybody can send a link with a token of their own (login CSRF): the page shows the whole
    confirmed address, and only its button goes on.
    """

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show who is waiting."""
        result = PendingSignIn.from_request(request)
        return self._question(result) if result else self.render_failure("nothing_pending")

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Sign in the person whom the page showed, or forget about it."""
        result = PendingSignIn.from_request(request)
        if "decline" in request.POST:
            return self._declined()
        if result is None:
            return self.render_failure("nothing_pending")
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            # No click on our page: a sub-domain may be in CSRF_TRUSTED_ORIGINS, and may plant
            # cookies here.
            return self._question(result, status=403)
        if not constant_time_compare(request.POST.get("id", ""), result.id):
            # Another tab has put somebody else there meanwhile.
            return self._question(result, status=409)
        if is_impersonating(request):
            return self.render_failure("impersonating")
        response = sign_in(
            request,
            result.corbado_user,
            next_url=safe_next(request, result.next),
            token_digest=result.token_digest,
        )
        return response or self.render_refusal()

    def _question(self, result: PendingSignIn, status: int = 200) -> HttpResponse:
        """Show the whole confirmed address; names and other addresses are the other side's text."""
        addresses = result.corbado_user.verified_emails
        context = {"result": result, "addresses": addresses, "is_new": status == 409}
        return self._add_headers(
            render(self.request, "corbado_auth/confirm.html", context, status=status)
        )

    def _declined(self) -> HttpResponseBase:
        """Forget the result: "this is not me"."""
        response = SeeOther(login_page_url())
        pending.cookie.drop(self.request, response)
        return response

    def _add_headers(self, response: HttpResponse) -> HttpResponse:
        """Let no other site frame the page, and keep the Origin header of its own POST.

        Under ``no-referrer`` browsers send ``Origin: null``, which Django refuses.
        """
        response = super()._add_headers(response)
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
        return response


@method_decorator(login_not_required, name="dispatch")
class LogoutView(auth_views.LogoutView):
    """End the Django session. POST only; goes to LOGOUT_REDIRECT_URL, or to the login page."""

    http_method_names = ["post"]

    # Corbado's components keep in localStorage whom they greet the next time: forget that, so that
    # the next person at a shared computer does not read it?
    forgets_last_login = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Forget what waits in the browser, too."""
        mask_link_tokens(request)
        response = super().dispatch(request, *args, **kwargs)
        pending.cookie.drop(request, response)
        if self.forgets_last_login:
            # For forget.js, which runs on the next login page before a component reads anything.
            response.set_cookie(
                SIGNED_OUT, "1", max_age=YEAR, secure=request.is_secure(), samesite="Lax"
            )
        return response

    def get_default_redirect_url(self) -> str:
        """Return the login page where the site names no other place."""
        if self.next_page or settings.LOGOUT_REDIRECT_URL:
            return super().get_default_redirect_url()
        return login_page_url()
