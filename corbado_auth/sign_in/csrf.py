"""A form that is out of date gets a page of ours, not Django's 403."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt, requires_csrf_token

from .failures import FailurePages

__all__ = ["OwnForms"]

logger = logging.getLogger("corbado_auth")


class _Check(CsrfViewMiddleware):
    """Django's own check, which says why instead of answering."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


@method_decorator([csrf_exempt, requires_csrf_token], name="dispatch")
class OwnForms(FailurePages):
    """A view with forms: the token of each is checked here, and not by the site's middleware.

    A sign-in in another tab changes the token, so a page that waited meanwhile has an old one.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check the token of a form before anything else is done with it."""
        if self._is_out_of_date(request):
            # Not Django's reason, which quotes the Referer.
            logger.warning("Form refused: its CSRF token is wrong or missing")
            return self.form_out_of_date()
        return super().dispatch(request, *args, **kwargs)

    def form_out_of_date(self) -> HttpResponseBase:
        """Answer a form without the token of this browser: nothing was done."""
        return self.render_failure("form_out_of_date")

    def _is_out_of_date(self, request: HttpRequest) -> bool:
        check = _Check(lambda request: HttpResponse())
        check.process_request(request)
        # Not this view, which is exempt from the site's own middleware.
        return check.process_view(request, _form, (), {}) is not None


def _form(request: HttpRequest) -> HttpResponse:
    """Stand for a view with a form that has to be checked."""
    return HttpResponse()
