"""The page where people see their sessions and end them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables

from .http import SeeOther
from .impersonation import is_impersonating
from .next_url import asked_next, back_url, login_required, with_next
from .sessions import listing, stores
from .sessions.devices import describe
from .sessions.ending import end_other_sessions

__all__ = ["SessionsView"]


# Error reports show local variables, and a session's key would open it.
@method_decorator(sensitive_variables(), name="dispatch")
@method_decorator([login_required, never_cache, csrf_protect, xframe_options_deny], name="dispatch")
class SessionsView(View):
    """The sessions of the signed-in person: which browser, since when, and a button to end each.

    404 if the site keeps no list: see CORBADO_SESSION_LIST.
    """

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return 404 if there is no list, and refuse people who impersonate someone else."""
        if not listing.is_on():
            raise Http404("CORBADO_SESSION_LIST is off.")
        if is_impersonating(request):
            return render(request, "corbado_auth/impersonating.html", status=403)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show the sessions."""
        entries = listing.entries(request)
        context = {
            "sessions": [
                {"entry": entry, "browser": browser, "system": system}
                for entry in entries
                for browser, system in [describe(entry.user_agent)]
            ],
            "has_others": any(not entry.is_current for entry in entries),
            "back_url": back_url(request),
        }
        return render(request, "corbado_auth/sessions.html", context)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """End one session by its handle on the page, or all but this one."""
        if "others" in request.POST:
            end_other_sessions(request)
            messages.success(request, gettext("Signed out everywhere else."), fail_silently=True)
        elif _end_one(request, request.POST.get("session", "")):
            messages.success(request, gettext("Signed out there."), fail_silently=True)
        # Ended already, or never this person's: the list shows what is.
        return SeeOther(with_next(request.path, asked_next(request)))


def _end_one(request: HttpRequest, handle: str) -> bool:
    """End a session of this person; return False if it is not there."""
    entries = listing.entries(request)
    keys = [entry.key for entry in entries if entry.handle == handle and not entry.is_current]
    stores.delete(keys)
    listing.forget(keys)
    return bool(keys)
