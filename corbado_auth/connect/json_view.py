"""The base of views for our own script: JSON in, JSON out, and a sentence for the person."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from corbado_auth import switch
from corbado_auth.conf import conf
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.db_connections import none_while_asking, outside_transactions
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError, CorbadoRejected, CorbadoUnavailable
from corbado_auth.http import RETRY_AFTER, seconds_to_wait, storage_behind

__all__ = ["JSONView", "Refusal", "impersonating"]

logger = logging.getLogger("corbado_auth")

# A signedPasskeyData has about 900 characters, and ``next`` up to 4,000.
MAX_BODY = 16 * 1024


class Refusal(Exception):
    """A refused request: a code for scripts, a sentence for the person."""

    def __init__(self, code: str, message: str, status: int, *, retry_after: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after


def impersonating() -> Refusal:
    """Return the refusal while impersonating: nothing is changed in the other user's name."""
    message = gettext("You are acting as somebody else, so passkeys are off.")
    return Refusal("impersonating", message, 403)


class JSONView(View):
    """A view for a JSON POST from one of our own pages; anything else is refused, also as JSON.

    Never cached. Every failure is a Refusal, whose code and sentence are the response; the code is
    logged.
    """

    http_method_names = ["post"]
    # The name of what is refused, for the log.
    _what = ""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Create the view, without a transaction around the call to Corbado.

        Exempt from the CSRF middleware, which responds with a page: ``dispatch`` does its own
        check, also on sites without that middleware.
        """
        view = csrf_exempt(super().as_view(**initkwargs))
        return login_not_required(outside_transactions(view))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check the request's origin, then answer it."""
        if not conf.CORBADO_CONNECT:
            raise Http404("CORBADO_CONNECT is off.")
        check = _CSRFCheck(lambda _request: HttpResponse())
        try:
            response = self._answer(check, request, *args, **kwargs)
        except Refusal as refusal:
            response = self._refuse(refusal)
        # login() has rotated the CSRF token; without the middleware, nothing sends the new one.
        check.process_response(request, response)
        add_never_cache_headers(response)
        return response

    def _answer(
        self, check: _CSRFCheck, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        # First: to look for a CSRF token, Django would parse a form, whatever its size.
        if request.content_type != "application/json":
            raise Refusal("not_json", _broken(), 415)
        if check.refuses(request):
            raise Refusal("csrf", gettext("This page is outdated. Reload it and try again."), 403)
        try:
            with none_while_asking():
                body = _read_body(request)
                if not switch.is_enabled(request, has_begun=self._has_begun(body)):
                    raise Refusal("switched_off", switch.sentence(), 403)
                return self._answer_body(body)
        except CorbadoError as error:
            raise _refusal(error) from None
        except Exception as error:
            culprit = storage_behind(error, request)
            if settings.DEBUG or not culprit:
                raise
            # Not the error's text: databases quote values, and with them addresses.
            logger.error("Connect: the %s raised %s", culprit, type(error).__name__)
            raise _unavailable(RETRY_AFTER) from None

    def _has_begun(self, body: dict[str, Any]) -> bool:
        """Return whether the pilot has let this begin, so that only the switch can stop it."""
        return False

    def _answer_body(self, body: dict[str, Any]) -> HttpResponse:
        """Answer the request, or raise Refusal or CorbadoError."""
        raise NotImplementedError

    def _refuse(self, refusal: Refusal) -> HttpResponse:
        level = logging.WARNING if refusal.status == 429 else logging.INFO
        log_event(
            level,
            "Connect: %s refused (%s)",
            self._what,
            refusal.code,
            event="connect_refused",
            reason=refusal.code,
        )
        answer = {"error": refusal.code, "message": refusal.message}
        response = JsonResponse(answer, status=refusal.status)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response


class _CSRFCheck(CsrfViewMiddleware):
    """Django's check, for a view with its own responses."""

    def refuses(self, request: HttpRequest) -> bool:
        """Return whether the request was not made by one of our own pages."""
        self.process_request(request)
        return self.process_view(request, _nobody, (), {}) is not None

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Log the reason; Django would render the site's error page."""
        logger.warning("Connect: %s %s", reason, request.path)
        return HttpResponse(status=403)


def _nobody(_request: HttpRequest) -> HttpResponse:
    """Stand in for the view, so that Django does not see that it is exempt."""
    return HttpResponse()


@sensitive_variables()
def _read_body(request: HttpRequest) -> dict[str, Any]:
    try:
        raw = request.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise Refusal("too_large", _broken(), 413)
        body = json.loads(str(raw, "utf-8"))
    except (OSError, ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal("not_json", _broken(), 400)
    return body


def _broken() -> str:
    return gettext("Something went wrong. Reload the page, or use your password.")


def _refusal(error: CorbadoError) -> Refusal:
    """Return the refusal for an error: everyone waits, or the operator acts."""
    log_failure("Connect", error)
    if isinstance(error, CorbadoRejected):
        message = gettext("Passkeys do not work here at the moment. Use your password.")
        return Refusal("misconfigured", message, 500)
    asked = error.retry_after if isinstance(error, CorbadoUnavailable) else None
    return _unavailable(seconds_to_wait(asked))


def _unavailable(seconds: int) -> Refusal:
    message = gettext("Passkeys cannot be checked right now. Try again in a moment.")
    return Refusal("unavailable", message, 503, retry_after=seconds)
