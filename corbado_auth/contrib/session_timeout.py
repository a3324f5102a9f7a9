"""django-session-timeout: whoever comes back from Corbado with an old session still signs in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django_session_timeout import middleware

__all__ = ["SessionTimeoutMiddleware"]


class SessionTimeoutMiddleware(middleware.SessionTimeoutMiddleware):  # type: ignore[misc]
    """The middleware of django-session-timeout, for its place in MIDDLEWARE.

    The package redirects whoever has an old session to the login page, also a visitor who was never
    signed in, and loses the query: with it an auth token or a magic link that was about to sign
    them in. Here the session ends all the same, and then our pages answer as they answer a visitor.
    On other pages the query survives in ``next``.
    """

    def process_request(self, request: HttpRequest) -> Any:
        """End an old session; redirect from the site's own pages alone."""
        response = super().process_request(request)
        if response is None or _is_ours(request):
            return None
        if response.url == redirect_to_login(request.path).url:
            return redirect_to_login(request.get_full_path())
        return response


def _is_ours(request: HttpRequest) -> bool:
    try:
        return "corbado_auth" in resolve(request.path_info).app_names
    except Resolver404:
        return False
