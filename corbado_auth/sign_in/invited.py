"""The page that an invitation leads to."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from corbado_auth.db_connections import outside_transactions
from corbado_auth.http import SeeOther
from corbado_auth.impersonation import is_impersonating
from corbado_auth.invitations import StaffInvitation
from corbado_auth.next_url import first_url, login_url_back_to
from corbado_auth.telemetry import INVITATION, SecretText, note_secrets, take_off

from . import invitation
from .csrf import OwnForms

__all__ = ["InvitationView"]


@method_decorator(
    [
        login_not_required,
        never_cache,
        sensitive_post_parameters(INVITATION),
        outside_transactions,
    ],
    name="dispatch",
)
class InvitationView(OwnForms):
    """Show whom an invitation is for, and remember in this browser that it was accepted."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it; nothing is used up, since mail scanners open links, too."""
        secret = SecretText((take_off(request).parameters.get(INVITATION) or [""])[-1])
        found = StaffInvitation.objects.find(secret)
        if found is None:
            return self.render_failure("invitation_gone")
        context = {
            **self.get_context_data(),
            "invited": found.user,
            "secret": secret,
            "field": INVITATION,
        }
        return self._with_form(render(request, "corbado_auth/invitation.html", context))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Remember it, and go to the login page."""
        secret = SecretText(request.POST.get(INVITATION, ""))
        note_secrets([secret])
        if is_impersonating(request):
            return self.render_failure("impersonating")
        if StaffInvitation.objects.find(secret) is None:
            return self.render_failure("invitation_gone")
        response = SeeOther(login_url_back_to(first_url(["admin:index"]) or "/"))
        invitation.cookie.write(response, {"secret": secret})
        return self._add_headers(response)
