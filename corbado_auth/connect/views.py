"""Pages for a signed-in person: their passkeys at Connect, and "Confirm that it is you"."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from corbado_auth import switch
from corbado_auth.conf import conf
from corbado_auth.models import ConnectAccount
from corbado_auth.next_url import (
    back_url,
    connect_confirm_url,
    first_page,
    login_required,
    next_in_url,
    step_up_url,
)
from corbado_auth.session import is_recent

from .tokens import ConnectTokensView

__all__ = ["ConnectConfirmView", "ConnectPasskeysView"]


@method_decorator([login_required, never_cache], name="dispatch")
class ConnectPage(TemplateView):
    """A page for a signed-in person; 404 if the site does not use Connect."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return 404 if the site does not use Connect."""
        if not conf.CORBADO_CONNECT:
            raise Http404("CORBADO_CONNECT is off.")
        if not switch.is_enabled(request):
            return switch.refuse(request)
        return super().dispatch(request, *args, **kwargs)


class ConnectPasskeysView(ConnectPage):
    """Show the component that lists, adds and removes the signed-in person's passkeys."""

    template_name = "corbado_auth/connect_passkeys.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether passkeys may be changed right now, and where to sign in again if not."""
        # A person who has no passkey yet cannot use one to add the first.
        has_passkey = ConnectAccount.objects.has_passkey(self.request.user)
        sign_in_again_url = connect_confirm_url if has_passkey else step_up_url
        return super().get_context_data(
            is_recent=is_recent(self.request, ConnectTokensView.recent_sign_in),
            sign_in_url=sign_in_again_url(self.request.path),
            back_url=back_url(self.request),
            **kwargs,
        )


class ConnectConfirmView(ConnectPage):
    """Have a signed-in person use a passkey again, which makes their sign-in recent.

    For actions that need more than an open session. Afterwards the page goes to ``next``.
    """

    template_name = "corbado_auth/connect_confirm.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add an alternative for those who cannot: the page that asks to sign in again."""
        next_url = next_in_url(self.request) or first_page()
        return super().get_context_data(login_url=step_up_url(next_url), **kwargs)
