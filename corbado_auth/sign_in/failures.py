"""How a sign-in can end without a session: one method and one page for each."""

from __future__ import annotations

import logging
from traceback import walk_tb
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.views import View

from corbado_auth.next_url import login_page_url

__all__ = ["FailurePages"]

logger = logging.getLogger("corbado_auth")

RETRY_AFTER = 30  # seconds, unless Corbado asks for another wait
LONGEST_RETRY_AFTER = 120


class FailurePages(View):
    """Say what happened and what to do next; a site overrides a method or a template."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with a page when the database, or what keeps sessions, goes away in the middle.

        DEBUG shows the error.
        """
        try:
            return super().dispatch(request, *args, **kwargs)
        except Exception as error:
            culprit = _storage_behind(error, request)
            if settings.DEBUG or not culprit:
                raise
            # Not the error's text: databases quote values, and with them addresses.
            logger.error("Sign-in failed: the %s raised %s", culprit, type(error).__name__)
            return self.database_unavailable()

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Answer 405, which caches may keep like a page (RFC 9110, section 15.1)."""
        return self.add_headers(super().http_method_not_allowed(request, *args, **kwargs))

    def not_a_navigation(self) -> HttpResponse:
        """Refuse a preview, a prefetch, a frame or a script; the token is not spent.

        403, since Chromium would show a 200 or 204 to the person instead of asking again.
        """
        return self.render_failure("not_a_navigation", 403)

    def malformed_token(self) -> HttpResponse:
        """Answer a link without one well-formed token; Corbado is not asked."""
        return self.render_failure("malformed_token", 400)

    def not_asked_here(self) -> HttpResponse:
        """Answer a client that shows no sign of having asked; the token is not spent."""
        return self.render_failure("not_asked_here", 403)

    def too_many_attempts(self) -> HttpResponse:
        """Answer an address with too many failed attempts; Corbado is not asked."""
        return self.render_failure("too_many_attempts", 429, retry_after=60)

    def invalid_token(self) -> HttpResponse:
        """Answer a token that is unknown, used or expired."""
        return self.render_failure("invalid_token", 400)

    def nothing_pending(self) -> HttpResponse:
        """Answer the confirm page without a result that waits, or with one that is too old."""
        return self.render_failure("nothing_pending", 400)

    def refused(self) -> HttpResponse:
        """Answer a person who has no way in here; one page for all reasons, the log has which."""
        return self.render_failure("refused", 403)

    def unavailable(self, retry_after: int | None = None) -> HttpResponse:
        """Answer while Corbado does not: a reload may try the same token again."""
        return self.render_failure(
            "unavailable", 503, retry_after=self.get_retry_after(retry_after)
        )

    def get_retry_after(self, retry_after: int | None) -> int:
        """Return the seconds to wait: Corbado's own wish up to two minutes, else half a minute."""
        return min(retry_after or RETRY_AFTER, LONGEST_RETRY_AFTER)

    def misconfigured(self) -> HttpResponse:
        """Answer where only the operator can help; the log says what to do."""
        return self.render_failure("misconfigured", 500)

    def database_unavailable(self) -> HttpResponse:
        """Answer while the database does not; the page asks nothing of it."""
        return self.add_headers(
            HttpResponse(
                render_to_string("corbado_auth/database_unavailable.html", self.get_context_data()),
                status=503,
                headers={"Retry-After": str(RETRY_AFTER)},
            )
        )

    def render_failure(
        self, name: str, status: int, *, retry_after: int | None = None
    ) -> HttpResponse:
        """Render one ending."""
        response = render(
            self.request, f"corbado_auth/{name}.html", self.get_context_data(), status=status
        )
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        return self.add_headers(response)

    def get_context_data(self) -> dict[str, Any]:
        """Return what every page may name."""
        return {"login_url": login_page_url()}

    def add_headers(self, response: HttpResponse) -> HttpResponse:
        """Keep the URL with the token out of caches and out of every Referer."""
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _storage_behind(error: Exception, request: HttpRequest) -> str:
    """Name the storage that an error comes from, or return an empty string.

    The drivers of caches, in which sessions may be, have no exception in common; that the error
    came through the session's own methods tells.
    """
    if isinstance(error, DatabaseError):
        return "database"
    session = getattr(request, "session", None)
    frames = (frame for frame, _line in walk_tb(error.__traceback__))
    if session is not None and any(frame.f_locals.get("self") is session for frame in frames):
        return "session store"
    return ""
