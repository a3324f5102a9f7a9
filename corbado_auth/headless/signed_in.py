"""Who is signed in, and signing out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout
from django.http import HttpResponse, JsonResponse
from django.views.decorators.debug import sensitive_variables

from corbado_auth.api_tokens import exchange
from corbado_auth.impersonation import is_impersonating
from corbado_auth.session import last_sign_in

from .base import HeadlessView, describe

__all__ = ["SessionView", "SignOutView"]


class SessionView(HeadlessView):
    """Say who is signed in, if anyone, and whether they have just signed in."""

    http_method_names = ["get"]
    _what = "session"

    def _is_enabled(self, body: dict[str, Any]) -> bool:
        return True  # The switch ends no session.

    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        user = self.identify()
        if not user.is_authenticated:
            return JsonResponse({"user": None, "is_recent": False})
        last = last_sign_in(self.request) if self.token_user is None else None
        answer = {"user": describe(user), "is_recent": self.is_recent(user)}
        if last is not None:
            answer |= {"signed_in_at": last.at.isoformat(), "method": last.method}
        return JsonResponse(answer)


class SignOutView(HeadlessView):
    """End the session or the token of this request."""

    _what = "sign-out"

    def _is_enabled(self, body: dict[str, Any]) -> bool:
        return True

    @sensitive_variables()
    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        refresh = self.text(body, "refresh", default="")
        user = self.identify()
        kind = exchange()
        if self.token_user is not None and kind is not None:
            kind.revoke(self.request, user, refresh)
        elif user.is_authenticated and not is_impersonating(self.request):
            logout(self.request)
        return JsonResponse({"user": None, "is_recent": False})
