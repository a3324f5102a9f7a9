"""The history of sign-ins in Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from corbado_auth.conf import conf
from corbado_auth.sessions.devices import describe
from corbado_auth.sign_in_record import SignInRecord

from .lists import HOW_MUCH, Reasons
from .projects import ProjectColumn
from .users import UserColumn

if TYPE_CHECKING:
    RecordAdmin = admin.ModelAdmin[SignInRecord]
else:
    RecordAdmin = admin.ModelAdmin


@admin.register(SignInRecord)
class SignInRecordAdmin(ProjectColumn, UserColumn, RecordAdmin):
    """The list of sign-ins and refusals: who, when, how, from where, and the outcome."""

    list_display = ["at", "who", "result", "method", "ip_address", "browser"]
    list_filter = ["outcome", "method", ("reason", Reasons), "at"]
    ordering = ["-at", "-pk"]
    search_help_text = format_lazy(
        "{}. {}", _("An email address, a user, a Corbado user ID, or an IP address"), HOW_MUCH
    )

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search the local user by name and address, and what was recorded."""
        return ["corbado_user_id__exact", "ip_address__exact", *self.user_search_fields()]

    @admin.display(description=_("user"), ordering="user")
    def who(self, row: SignInRecord) -> str:
        """Show the local user, or else the Corbado user of a person who was refused."""
        return self.local_user(row) if row.user_id is not None else row.corbado_user_id

    @admin.display(description=_("outcome"), ordering="outcome")
    def result(self, row: SignInRecord) -> str:
        """Show the outcome, and why someone was refused."""
        return str(row)

    @admin.display(description=_("browser"), ordering="user_agent")
    def browser(self, row: SignInRecord) -> str:
        """Show a name that people recognise; the page of the row has the whole header."""
        browser, system = describe(row.user_agent)
        if browser and system:
            names = {"browser": browser, "system": system}
            return pgettext("device", "%(browser)s on %(system)s") % names
        return browser or system or row.user_agent[:40]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Hide the list from the admin index where nothing is recorded."""
        return conf.CORBADO_SIGN_IN_HISTORY and super().has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow nobody: these rows record what happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow nobody: these rows record what happened."""
        return False

    actions = None  # ``corbado_prune_history`` deletes old rows.
