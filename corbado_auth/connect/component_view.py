"""The base of views for our own script, which serves Connect's component on pages of this site."""

from __future__ import annotations

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext

from corbado_auth.conf import conf
from corbado_auth.events import log_event
from corbado_auth.json_views import JSONView, Refusal

__all__ = ["ComponentView"]


class ComponentView(JSONView):
    """A view for a POST from one of our own pages, with its CSRF token."""

    _area = "Connect"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return 404 if the site does not use Connect; else check the CSRF token, and answer."""
        if not conf.CORBADO_CONNECT:
            raise Http404("CORBADO_CONNECT is off.")
        self._csrf = _CSRFCheck(lambda _request: HttpResponse())
        response = super().dispatch(request, *args, **kwargs)
        # login() has rotated the CSRF token; without the middleware, nothing sends the new one.
        self._csrf.process_response(request, response)
        return response

    def _check_origin(self) -> None:
        if self._csrf.refuses(self.request):
            raise Refusal("csrf", gettext("This page is outdated. Reload it and try again."), 403)


class _CSRFCheck(CsrfViewMiddleware):
    """Django's check, for a view with its own responses."""

    def refuses(self, request: HttpRequest) -> bool:
        """Return whether the request was not made by one of our own pages."""
        self.process_request(request)
        return self.process_view(request, _nobody, (), {}) is not None

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Log the reason; Django would render the site's error page."""
        log_event(
            logging.WARNING,
            "Connect: %s %s",
            reason,
            request.path,
            event="form_refused",
            reason="csrf",
        )
        return HttpResponse(status=403)


def _nobody(_request: HttpRequest) -> HttpResponse:
    """Stand in for the view, so that Django does not see that it is exempt."""
    return HttpResponse()
