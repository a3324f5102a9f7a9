"""The switch for passkeys and emailed links, in Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from corbado_auth.conf import conf
from corbado_auth.models import SignInSwitch
from corbado_auth.switch import DELAY, current_switch, turn

if TYPE_CHECKING:
    SwitchAdmin = admin.ModelAdmin[SignInSwitch]
else:
    SwitchAdmin = admin.ModelAdmin


@admin.register(SignInSwitch)
class SignInSwitchAdmin(SwitchAdmin):
    """One page with one button, instead of a list: passkeys and emailed links, on or off."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow nobody: there is one switch."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SignInSwitch | None = None) -> bool:
        """Allow nobody: there is one switch."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show whether the switch is on, and turn it on or off."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._turn(request)
        row = current_switch()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Switch for passkeys"),
            "opts": self.model._meta,
            "switch": row,
            "is_on": row is None or row.is_on,
            "may_turn": self.has_change_permission(request),
            "delay": DELAY,
            "has_pilot": bool(conf.CORBADO_ENABLED_FOR),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/corbado_auth/switch.html", context)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the page with the button, for instance from the admin's history."""
        return redirect(f"{self.admin_site.name}:corbado_auth_signinswitch_changelist")

    def _turn(self, request: HttpRequest) -> HttpResponse:
        position = request.POST.get("turn")
        if not self.has_change_permission(request) or position not in ("on", "off"):
            raise PermissionDenied
        row = turn(position == "on", by=request.user)
        self.log_change(request, row, f"Switched {position}.")
        said = (
            gettext("Passkeys and links by email are on.")
            if row.is_on
            else gettext(
                "Passkeys and links by email are off. People who are signed in stay signed in."
            )
        )
        self.message_user(request, said, messages.SUCCESS)
        return redirect(request.path)
