"""The base of views that scripts and apps call: JSON in and out, and a sentence for the person."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from corbado_auth import switch
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.db_connections import none_while_asking, outside_transactions
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError, CorbadoRejected, CorbadoUnavailable
from corbado_auth.http import RETRY_AFTER, is_storage_failure, seconds_to_wait

__all__ = ["JSONView", "Refusal", "impersonating", "too_many_attempts"]


# A signedPasskeyData has about 900 characters, and ``next`` up to 4,000.
MAX_BODY = 16 * 1024


class Refusal(Exception):
    """A refused request: a code for scripts, a sentence for the person."""

    def __init__(
        self, code: str, message: str, status: int, *, retry_after: int = 0, **more: Any
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        # Further fields of the response.
        self.more = more


class Body(dict[str, Any]):
    """A request's JSON, whose repr hides it: Django's error reports show every local variable."""

    def __repr__(self) -> str:
        return "<body>"


def impersonating() -> Refusal:
    """Return the refusal while impersonating: nothing is changed in the other user's name."""
    message = gettext("You are acting as someone else, so passkeys are off.")
    return Refusal("impersonating", message, 403)


def too_many_attempts() -> Refusal:
    """Return the refusal of an address with too many failed attempts; Corbado is not asked."""
    message = gettext("Too many attempts. Wait a minute, or use your password.")
    return Refusal("too_many_attempts", message, 429, retry_after=60)


class JSONView(View):
    """A view whose every response is JSON, never cached, and made without a transaction.

    Every failure is a Refusal, whose code and sentence are the response; the code is logged.
    """

    http_method_names = ["post"]
    # Who calls, as the log names them, and the name of what is refused.
    _area = ""
    _what = ""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Create the view, without a transaction around the call to Corbado.

        Exempt from the CSRF middleware, which responds with a page: ``_check_origin`` is the check
        here, also on sites without that middleware.
        """
        view = csrf_exempt(super().as_view(**initkwargs))
        return login_not_required(outside_transactions(view))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the request; a Refusal becomes its response."""
        try:
            with none_while_asking():
                response = self._answer(request, *args, **kwargs)
        except Refusal as refusal:
            response = self._refuse(refusal)
        add_never_cache_headers(response)
        return response

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = str(request.method).lower()
        if method == "options":
            return self._allow(HttpResponse(status=204))
        # The server leaves out the body.
        if ("get" if method == "head" else method) not in self.http_method_names:
            return self._wrong_method()
        # First: to look for a CSRF token, Django would parse a form, whatever its size.
        has_body = method in {"post", "patch"}
        if has_body and request.content_type != "application/json":
            raise Refusal("not_json", self._broken(), 415)
        self._check_origin()
        try:
            body = self._read_body() if has_body else Body()
            if not self._is_enabled(body):
                raise Refusal("switched_off", switch.sentence(), 403)
            return self._respond(body, *args, **kwargs)
        except CorbadoError as error:
            raise self._failed(error) from None
        except Exception as error:
            if not is_storage_failure(error, request, self._area):
                raise
            raise _unavailable(RETRY_AFTER) from None

    def _respond(self, body: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a request that may be made, or raise Refusal or CorbadoError."""
        raise NotImplementedError

    def _check_origin(self) -> None:
        """Raise Refusal unless a page that may make this request made it."""
        raise NotImplementedError

    def _is_enabled(self, body: dict[str, Any]) -> bool:
        """Return whether this visitor may use Corbado now."""
        return switch.is_enabled(self.request, has_begun=self._has_begun(body))

    def _has_begun(self, body: dict[str, Any]) -> bool:
        """Return whether the pilot has let this begin, so that only the switch can stop it."""
        return False

    def _broken(self) -> str:
        """Return the sentence about a request that no page of ours would make."""
        return gettext("Something went wrong. Reload the page, or use your password.")

    @sensitive_variables()
    def _read_body(self) -> Body:
        try:
            raw = self.request.read(MAX_BODY + 1)
            if len(raw) > MAX_BODY:
                raise Refusal("too_large", self._broken(), 413)
            body = json.loads(str(raw, "utf-8"))
        except (OSError, ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Refusal("not_json", self._broken(), 400)
        return Body(body)

    def _failed(self, error: CorbadoError) -> Refusal:
        """Return the refusal for an error: everyone waits, or the operator acts."""
        log_failure(self._area, error)
        if isinstance(error, CorbadoRejected):
            message = gettext("Passkeys do not work here at the moment. Use your password.")
            return Refusal("misconfigured", message, 500)
        asked = error.retry_after if isinstance(error, CorbadoUnavailable) else None
        return _unavailable(seconds_to_wait(asked))

    def _wrong_method(self) -> HttpResponse:
        allowed = ", ".join(each.upper() for each in self.http_method_names)
        message = gettext("This URL takes %s only.") % allowed
        return self._allow(self._refuse(Refusal("method_not_allowed", message, 405)))

    def _allow(self, response: HttpResponse) -> HttpResponse:
        """Name the methods that the URL takes."""
        extra = ["HEAD"] if "get" in self.http_method_names else []
        names = [*self.http_method_names, *extra, "options"]
        response.headers["Allow"] = ", ".join(each.upper() for each in names)
        return response

    def _refuse(self, refusal: Refusal) -> HttpResponse:
        level = logging.WARNING if refusal.status == 429 else logging.INFO
        log_event(
            level,
            "%s: %s refused (%s)",
            self._area,
            self._what,
            refusal.code,
            event=f"{self._area.lower()}_refused",
            reason=refusal.code,
        )
        answer = {"error": refusal.code, "message": refusal.message, **refusal.more}
        response = JsonResponse(answer, status=refusal.status)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response


def _unavailable(seconds: int) -> Refusal:
    message = gettext("Passkeys cannot be checked right now. Try again in a moment.")
    return Refusal("unavailable", message, 503, retry_after=seconds)
