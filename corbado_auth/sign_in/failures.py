"""The ways in which a sign-in can fail, with a page for each."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views import View

from corbado_auth import switch
from corbado_auth.conf import conf
from corbado_auth.db_connections import none_while_asking
from corbado_auth.http import RETRY_AFTER, is_storage_failure
from corbado_auth.next_url import login_page_url
from corbado_auth.second_factor import second_factor_page

__all__ = ["FailurePages"]


# Each failure has a page of this name, with this status.
STATUSES = {
    # A preview, a prefetch, a frame or a script: the token is not used up. 403, since Chromium
    # would show a prefetched 200 or 204 to the person instead of requesting it again.
    "not_a_navigation": 403,
    # A link without one well-formed token: Corbado is not asked.
    "malformed_token": 400,
    # A client that shows no sign of having asked: the token is not used up.
    "not_asked_here": 403,
    # Too many failed attempts: Corbado is not asked, and a reload may try the same token again.
    "too_many_attempts": 429,
    # The token is unknown, used or expired.
    "invalid_token": 400,
    # The confirm page has no pending result, or one that is too old.
    "nothing_pending": 400,
    # "No, this is not me" on the confirm page.
    "declined": 200,
    # A person who is not let in: one page for most reasons, which the log has.
    "refused": 403,
    # The account is inactive.
    "inactive": 403,
    # The person can link or confirm the account themselves.
    "address_unconfirmed": 403,
    # The account needs a second factor, which a link by email does not provide.
    "second_factor": 403,
    # Corbado says that a signed-in person is blocked or deleted: their sessions have ended.
    "closed": 403,
    # Too many links were emailed to one address.
    "too_many_links": 429,
    # A form of ours came without the CSRF token of this browser: nothing was done.
    "form_out_of_date": 403,
    # An emailed link was opened in a browser that did not ask for it: it is not used up.
    "other_browser": 400,
    # The invitation is used, too old or replaced.
    "invitation_gone": 404,
    # The invitation was sent to another address than the person has.
    "other_invitation": 403,
    # The visitor is impersonating another user, for whom nothing is changed.
    "impersonating": 403,
    # Corbado does not answer: a reload may try the same token again.
    "unavailable": 503,
    # Only the operator can help: the log says what to do.
    "misconfigured": 500,
    # The database or the session store does not answer.
    "database_unavailable": 503,
}


class FailurePages(View):
    """A view that can fail, with a page that says what happened and what to do next.

    The redirect view, the confirm page and the passkey pages are such views. A site can override
    the templates, or ``render_failure`` for a different response.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show a page if the database or the session store fails; with DEBUG, the error."""
        if conf.uses_connect_alone():
            raise Http404("This site uses Corbado Connect only (CORBADO_CONNECT).")
        try:
            with none_while_asking():
                if not switch.is_enabled(request, has_begun=self._has_begun()):
                    return switch.refuse(request)
                return super().dispatch(request, *args, **kwargs)
        except Exception as error:
            if not is_storage_failure(error, request, "Sign-in failed"):
                raise
            return self.render_failure("database_unavailable", retry_after=RETRY_AFTER)

    def _has_begun(self) -> bool:
        """Return whether this goes on with a sign-in that has begun, which no pilot stops."""
        return False

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Return 405, which caches may store like a page (RFC 9110, section 15.1)."""
        return self._add_headers(super().http_method_not_allowed(request, *args, **kwargs))

    def render_failure(self, name: str, *, retry_after: int | None = None) -> HttpResponse:
        """Render the page ``corbado_auth/<name>.html``; ``retry_after`` is in seconds."""
        request = None if name == "database_unavailable" else self.request
        template = f"corbado_auth/{name}.html"
        context = {**self.get_context_data(), "failure": name}
        response = render(request, template, context, status=STATUSES[name])
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        return self._add_headers(response)

    def get_context_data(self) -> dict[str, Any]:
        """Return the context of every page."""
        return {"login_url": login_page_url(), "second_factor_url": second_factor_page()}

    def _add_headers(self, response: HttpResponse) -> HttpResponse:
        """Keep the URL with the token out of caches and out of every Referer."""
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
