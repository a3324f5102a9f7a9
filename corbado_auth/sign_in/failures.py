"""How a sign-in can end without a session: one page for each."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views import View

from corbado_auth.conf import conf
from corbado_auth.db_connections import none_while_asking
from corbado_auth.http import RETRY_AFTER, storage_behind
from corbado_auth.next_url import login_page_url
from corbado_auth.second_factor import second_factor_page

__all__ = ["FailurePages"]

logger = logging.getLogger("corbado_auth")

# Each way to fail is a page of this name, with this status.
STATUSES = {
    # A preview, a prefetch, a frame or a script came: the token is not spent. 403, since Chromium
    # would show a 200 or 204 to the person instead of asking again.
    "not_a_navigation": 403,
    # A link without one well-formed token: Corbado is not asked.
    "malformed_token": 400,
    # A client that shows no sign of having asked: the token is not spent.
    "not_asked_here": 403,
    # An address with too many failed attempts: Corbado is not asked.
    "too_many_attempts": 429,
    # The token is unknown, used or expired.
    "invalid_token": 400,
    # The confirm page has no result that waits, or one that is too old.
    "nothing_pending": 400,
    # "No, this is not me" on the confirm page.
    "declined": 200,
    # A person who has no way in here: one page for most reasons, the log has which, ...
    "refused": 403,
    # ... but not for whoever is shut out, ...
    "inactive": 403,
    # ... nor for those who can open the door themselves.
    "address_unconfirmed": 403,
    # ... or have a second factor, which a link by email does not bring.
    "second_factor": 403,
    # Corbado says that a signed-in person is blocked or deleted: their sessions have ended.
    "closed": 403,
    # Enough links were mailed to one address.
    "too_many_links": 429,
    # A form of ours came without the CSRF token of this browser: nothing was done.
    "form_out_of_date": 403,
    # A mailed link was opened where nobody asked for it: it is not spent.
    "other_browser": 400,
    # Somebody acts as another person, in whose name nothing is changed.
    "impersonating": 403,
    # Corbado does not answer: a reload may try the same token again.
    "unavailable": 503,
    # Only the operator can help: the log says what to do.
    "misconfigured": 500,
    # The database does not answer, or what keeps sessions.
    "database_unavailable": 503,
}


class FailurePages(View):
    """A view that can fail, with a page that says what happened and what to do next.

    The redirect view, the confirm page and the pages about passkeys are such views. A site
    overrides a template, or ``render_failure`` to answer otherwise.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with a page when the database, or what keeps sessions, goes away in the middle.

        DEBUG shows the error.
        """
        if conf.uses_connect_alone():
            raise Http404("This site uses Corbado Connect alone (CORBADO_CONNECT).")
        try:
            with none_while_asking():
                return super().dispatch(request, *args, **kwargs)
        except Exception as error:
            culprit = storage_behind(error, request)
            if settings.DEBUG or not culprit:
                raise
            # Not the error's text: databases quote values, and with them addresses.
            logger.error("Sign-in failed: the %s raised %s", culprit, type(error).__name__)
            return self.render_failure("database_unavailable", retry_after=RETRY_AFTER)

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Answer 405, which caches may keep like a page (RFC 9110, section 15.1)."""
        return self._add_headers(super().http_method_not_allowed(request, *args, **kwargs))

    def render_failure(self, name: str, *, retry_after: int | None = None) -> HttpResponse:
        """Answer with the page ``corbado_auth/<name>.html``; ``retry_after`` is in seconds."""
        # The one page that asks nothing of the database, and so has no context processors.
        request = None if name == "database_unavailable" else self.request
        template = f"corbado_auth/{name}.html"
        response = render(request, template, self.get_context_data(), status=STATUSES[name])
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        return self._add_headers(response)

    def get_context_data(self) -> dict[str, Any]:
        """Return what every page may name."""
        return {"login_url": login_page_url(), "second_factor_url": second_factor_page()}

    def _add_headers(self, response: HttpResponse) -> HttpResponse:
        """Keep the URL with the token out of caches and out of every Referer."""
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
