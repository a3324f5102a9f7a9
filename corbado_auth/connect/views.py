"""The page with a person's passkeys at Connect."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from corbado_auth.conf import conf
from corbado_auth.next_url import login_url_back_to
from corbado_auth.session import is_recent

from .tokens import ConnectTokensView

__all__ = ["ConnectPasskeysView"]


@method_decorator([login_required, never_cache], name="dispatch")
class ConnectPasskeysView(TemplateView):
    """Show the component that lists, adds and removes the signed-in person's passkeys."""

    template_name = "corbado_auth/connect_passkeys.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer 404 where the site does not use Connect."""
        if not conf.CORBADO_CONNECT:
            raise Http404("CORBADO_CONNECT is off.")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether passkeys may be changed right now, and where to sign in again if not."""
        return super().get_context_data(
            is_recent=is_recent(self.request, ConnectTokensView.recent_sign_in),
            login_url=login_url_back_to(self.request.path),
            back_url=resolve_url(settings.LOGIN_REDIRECT_URL),
            **kwargs,
        )
