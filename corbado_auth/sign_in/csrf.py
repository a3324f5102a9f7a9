"""CSRF checks for our own forms, which answer an outdated one with a page, not Django's 403."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt, requires_csrf_token

from corbado_auth.events import log_event

from .failures import FailurePages

__all__ = ["OwnForms"]


class _Check(CsrfViewMiddleware):
    """Django's own check, which returns the reason instead of a response."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


@method_decorator([csrf_exempt, requires_csrf_token], name="dispatch")
class OwnForms(FailurePages):
    """A view with forms, whose CSRF tokens are checked here and not by the site's middleware.

    A sign-in in another tab changes the token, so a page that was open meanwhile has an old one.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check a form's token before anything else."""
        if self._is_out_of_date(request):
            # Not Django's reason, which quotes the Referer.
            log_event(
                logging.WARNING,
                "Form refused: its CSRF token is wrong or missing",
                event="form_refused",
                reason="csrf",
            )
            return self.form_out_of_date()
        return super().dispatch(request, *args, **kwargs)

    def _has_begun(self) -> bool:
        return True

    def form_out_of_date(self) -> HttpResponseBase:
        """Return the response to a form without this browser's token: nothing was done."""
        return self.render_failure("form_out_of_date")

    def _with_form(self, page: HttpResponse) -> HttpResponse:
        """Return a page with a form, which no other page may frame.

        With "no-referrer" browsers send ``Origin: null`` with the form, which is out of date then.
        """
        page = self._add_headers(page)
        page.headers["Referrer-Policy"] = "strict-origin"
        page.headers["X-Frame-Options"] = "DENY"
        return page

    def _is_out_of_date(self, request: HttpRequest) -> bool:
        check = _Check(lambda request: HttpResponse())
        check.process_request(request)
        # Not this view, which is exempt from the site's own middleware.
        return check.process_view(request, _form, (), {}) is not None


def _form(request: HttpRequest) -> HttpResponse:
    """Stand in for a view with a form to check."""
    return HttpResponse()
