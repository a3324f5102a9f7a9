"""django-session-timeout: people who return from Corbado with an old session still sign in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django_session_timeout import middleware

from corbado_auth.next_url import login_url_back_to

__all__ = ["SessionTimeoutMiddleware"]


class SessionTimeoutMiddleware(middleware.SessionTimeoutMiddleware):  # type: ignore[misc]
    """A replacement for the middleware of django-session-timeout in MIDDLEWARE.

    The package redirects everyone with an old session to the login page, even visitors who were
    never signed in, and drops the query, which may contain the auth token or magic link that was
    about to sign them in. This one ends the session, too, but then our pages respond as they do to
    any visitor; on other pages, the query is kept in ``next``.
    """

    def process_request(self, request: HttpRequest) -> Any:
        """End an old session; redirect only from the site's own pages."""
        response = super().process_request(request)
        if response is None or _is_ours(request):
            return None
        if response.url == redirect_to_login(request.path).url:
            return HttpResponseRedirect(login_url_back_to(request.get_full_path()))
        return response


def _is_ours(request: HttpRequest) -> bool:
    try:
        return "corbado_auth" in resolve(request.path_info).app_names
    except Resolver404:
        return False
