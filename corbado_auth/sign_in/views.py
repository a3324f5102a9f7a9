"""The redirect view, to which Corbado sends the browser; for the confirm page see ``confirm``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any, Literal

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt

from corbado_auth import session
from corbado_auth.client_info import client_info
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.db_connections import outside_transactions, take_turn
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
from corbado_auth.sessions.ending import end_sessions_of
from corbado_auth.throttle import Attempt

from . import intent, pending, retries
from .auth_token import (
    is_top_level_navigation,
    pop_auth_token,
    token_digest,
    was_prepared,
)
from .redirects import redirect_signed_in, reloaded_next, sign_in
from .refusals import RefusalPages
from .retries import Retry
from .signed_cookies import TooLargeError

__all__ = ["CorbadoRedirectView"]


class CorbadoRedirectView(RefusalPages):
    """Take the auth token with which Corbado sent the browser here, and create a session.

    No database connection is held while waiting for Corbado.
    """

    http_method_names = ["get"]

    # What if nothing proves that this browser asked? Ask ("confirm"), refuse ("require"; this
    # refuses the tab of a magic link, too), or sign in anyway ("off").
    login_intent: Literal["confirm", "require", "off"] = "confirm"

    # Which pages on other origins are login pages, too? Such as "https://www.example.com/login/".
    login_pages: Collection[str] = ()

    _refresh: int | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Create the view; decorated here once, not at each request as ``dispatch`` would be.

        A POST gets a 405, not Django's CSRF page, which would log the request with the token in it.
        """
        view = csrf_exempt(super().as_view(**initkwargs))
        return login_not_required(outside_transactions(view))

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take the token first of all: what is refused is logged with its request."""
        super().setup(request, *args, **kwargs)
        self.token = pop_auth_token(request)
        # Our login page was open before there was a token. Where its URL has the token already,
        # someone prepared the way to here: a link on the page that follows ``next``, through any
        # view of the site that redirects (Django's ``set_language`` is one).
        self.was_prepared = self.token is not None and was_prepared(request, self.token)
        self.intent = intent.Intent.from_request(request)

    def _has_begun(self) -> bool:
        # Only a login page that shows the component sets the intent.
        return self.intent is not None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in the language of the login page, which may not be that of this URL."""
        language = intent.language_to_answer_in(request, self.intent)
        if language is None:
            return super().dispatch(request, *args, **kwargs)
        with override(language):
            response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        return response

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Sign in: one call to Corbado, then the rules of this site.

        Nothing before the call reads the session or the user, which are in the database.
        """
        if not is_top_level_navigation(request):
            return self.render_failure("not_a_navigation")
        if self.token is None:
            return self.render_failure("malformed_token")
        self._digest = token_digest(self.token)
        self._retry = Retry.from_request(request, self._digest)
        if self.login_intent != "off" and self._shows_no_sign_of_asking():
            return self._signed_in_before() or self.render_failure("not_asked_here")

        attempt = Attempt(request, visitor=self.intent.id if self.intent else "")
        if not attempt.is_allowed:
            return self._signed_in_before() or self._try_again(
                attempt.seconds_to_wait, page="too_many_attempts"
            )
        try:
            with attempt.counted():
                corbado_user = SignInService().validate_auth_token(self.token, client_info(request))
        except InvalidAuthToken as error:
            log_event(
                logging.INFO,
                "Sign-in failed: %s",
                error,
                event="sign_in_failed",
                reason="invalid_token",
            )
            return self._signed_in_before() or self.render_failure("invalid_token")
        except CorbadoUnavailable as error:
            log_failure("Sign-in failed", error)
            return self._signed_in_before() or self._try_again(seconds_to_wait(error.retry_after))
        except CorbadoRejected as error:
            log_failure("Sign-in failed", error)
            return self.render_failure("misconfigured")
        take_turn()
        return self._vouched_for(corbado_user, self._digest)

    def _signed_in_before(self) -> HttpResponseBase | None:
        """Redirect, instead of refusing, if this very token has signed in this session before."""
        if self.request.session.session_key is None:
            return None
        take_turn()
        target = reloaded_next(self.request, self._digest)
        return redirect_signed_in(self.request, target) if target else None

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Return 405, except for the button that stops the page from reloading itself.

        Some people need more time to read or to act (WCAG 2.2.1).
        """
        if request.method == "POST" and self.token is not None and "stop" in request.POST:
            page = "unavailable"
            if request.POST["stop"] == "too_many_attempts":
                page = "too_many_attempts"
            return self.render_failure(page, retry_after=seconds_to_wait(None))
        return super().http_method_not_allowed(request, *args, **kwargs)

    def _try_again(self, retry_after: int, *, page: str = "unavailable") -> HttpResponse:
        """Show a page while Corbado cannot be asked; it reloads itself, but not forever."""
        proved_next = self._next_url() if self._was_asked_for() else None
        seconds = self._retry.seconds(retry_after)
        # If unproven sign-ins are refused, the token would be wasted on a refusal.
        if self.login_intent != "require" or (proved_next is not None and retries.keep_proofs()):
            self._refresh = self._retry.refresh(self.request, seconds, self.intent is not None)
        response = self.render_failure(page, retry_after=seconds)
        if self._refresh:
            response.headers["Refresh"] = str(self._refresh)
        self._retry.store(self.request, response, self._digest, proved_next)
        return response

    def get_context_data(self) -> dict[str, Any]:
        """Add in how many seconds the page reloads itself; None if it does not."""
        return {**super().get_context_data(), "refresh": self._refresh}

    def _was_asked_for(self) -> bool:
        """Return whether this browser asked for this sign-in, now or at the first try."""
        return self._retry.proved_next is not None or (
            not self.was_prepared
            and intent.was_asked_for(self.request, self.intent, self.login_pages)
        )

    def _next_url(self) -> str:
        """Return where the browser wants to go."""
        if self._retry.proved_next is not None:
            return self._retry.proved_next
        referer = intent.referer_of(self.request)
        return self.intent.next_for(self.request, referer) if self.intent else ""

    def _shows_no_sign_of_asking(self) -> bool:
        """Return whether this is a mail scanner or a script: no intent, no browser headers."""
        return self.intent is None and "HTTP_SEC_FETCH_SITE" not in self.request.META

    def _vouched_for(self, corbado_user: CorbadoUser, digest: str) -> HttpResponseBase:
        """Go on with a verified person: silently if this browser asked, else by asking."""
        next_url = self._next_url()
        has_proof = self._was_asked_for()
        asked = self.login_intent == "off" or has_proof
        if corbado_user.is_gone:
            # The backend refuses them below.
            end_sessions_of(self.request, corbado_user.id)
        if is_impersonating(self.request):
            return self.render_failure("impersonating")
        is_same_person = session.is_signed_in_as(self.request, corbado_user)
        if is_same_person and not asked:
            return redirect_signed_in(self.request, next_url)
        if self.login_intent == "require" and not asked:
            tell_refused(self.request, SignInRefused("not_asked"), corbado_user.id)
            return self.render_failure("not_asked_here")
        is_another_user = self.request.user.is_authenticated and not is_same_person
        if not asked or (self.login_intent != "off" and is_another_user):
            # People who are signed in as someone else are told so first.
            return self._ask_first(corbado_user, next_url, digest)
        response = sign_in(self.request, corbado_user, next_url=next_url, token_digest=digest)
        return response or self._not_let_in(corbado_user, next_url, digest, asked=has_proof)

    def _ask_first(self, corbado_user: CorbadoUser, next_url: str, digest: str) -> HttpResponseBase:
        """Store the verified result until the confirm page is answered."""
        response = SeeOther(reverse("corbado_auth:confirm"))
        try:
            pending.store(
                self.request, response, corbado_user, next_url=next_url, token_digest=digest
            )
        except TooLargeError:
            tell_refused(self.request, SignInRefused("too_large"), corbado_user.id)
            return self.render_failure("refused")
        return self._add_headers(response)
