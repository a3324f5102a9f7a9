"""Accounts in Django's admin: find, view and unlink them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from corbado_auth.conf import conf
from corbado_auth.models import ConnectAccount, CorbadoAccount
from corbado_auth.projects import current_project

from .lists import HOW_MUCH
from .projects import ProjectColumn
from .users import UserColumn

if TYPE_CHECKING:
    AccountAdmin = admin.ModelAdmin[CorbadoAccount]
else:
    AccountAdmin = admin.ModelAdmin


@admin.register(CorbadoAccount)
class CorbadoAccountAdmin(ProjectColumn, UserColumn, AccountAdmin):
    """The admin of accounts, which can be viewed and unlinked.

    Nothing can be added or changed: links are proved by a sign-in, not typed, and the numbers
    record what happened. Unlinking means deleting: Django asks first, and logs it.
    """

    list_display = [
        "local_user",
        "address",
        "last_sign_in_at",
        "sign_in_count",
        "corbado_user_id",
    ]
    list_display_links = ["address"]
    list_filter = ["last_sign_in_at", "created_at"]
    search_help_text = format_lazy(
        "{}. {}", _("An email address, a Corbado user ID, or a user"), HOW_MUCH
    )
    ordering = ["-pk"]
    fieldsets = [
        (None, {"fields": ["local_user", "corbado_user_id", "email", "project_id"]}),
        (
            _("Sign-ins through Corbado"),
            {"fields": ["created_at", "first_sign_in_at", "last_sign_in_at", "sign_in_count"]},
        ),
    ]
    readonly_fields = ["local_user"]
    actions = ["delete_selected", "end_sessions"]

    change_list_template = "admin/corbado_auth/corbadoaccount/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the page with the adoption numbers."""
        page = self.admin_site.admin_view(self.adoption)
        return [path("adoption/", page, name="corbado_auth_adoption"), *super().get_urls()]

    def adoption(self, request: HttpRequest) -> HttpResponse:
        """Show the adoption numbers, as a chart and as a table."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Not at the top: only this page needs it, but every process of the site would load it.
        from .adoption import context_of_page

        context = {
            **self.admin_site.each_context(request),
            "title": f"{_('Adoption')}: {name}" if (name := current_project()) else _("Adoption"),
            "opts": self.model._meta,
            "may_see_refused": request.user.has_perm("corbado_auth.view_migrationattempt"),
            **context_of_page(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/corbado_auth/adoption.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow nobody: see the class."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: CorbadoAccount | None = None
    ) -> bool:
        """Allow nobody: see the class."""
        return False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search the account, and the local user by name and address, for any user model."""
        return ["corbado_user_id__exact", "^email", *self.user_search_fields()]

    @admin.display(description=_("email"))
    def address(self, row: CorbadoAccount) -> str:
        """Show the address here, and the one at Corbado if it is another.

        Without any, show the ID: this column leads to the page of the account.
        """
        here, there = super().address(row), getattr(row, "email", "")
        if not there or there.casefold() == here.casefold():
            return here or str(row)
        at_corbado = gettext("%(address)s at Corbado") % {"address": there}
        return format_html("{}<br>{}", here, at_corbado) if here else at_corbado

    # With this name it replaces Django's action, and uses Django's template for it.
    @admin.action(
        permissions=["delete"], description=_("Unlink, so that this person can link again")
    )
    def delete_selected(
        self, request: HttpRequest, queryset: QuerySet[CorbadoAccount]
    ) -> HttpResponse | None:
        """Ask, then delete the accounts and log each deletion."""
        answer: HttpResponse | None = delete_selected(self, request, queryset)
        return answer

    def delete_model(self, request: HttpRequest, obj: CorbadoAccount) -> None:
        """Unlink, which ends the person's sessions."""
        _leave_own_session(request, [obj.user_id])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CorbadoAccount]) -> None:
        """Unlink, which ends these people's sessions."""
        _leave_own_session(request, queryset.values_list("user_id", flat=True))
        super().delete_queryset(request, queryset)

    @admin.action(permissions=["delete"], description=_("Sign out everywhere"))
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[CorbadoAccount]) -> None:
        """End every session of these people, and log each."""
        from corbado_auth.sessions.ending import end_sessions

        accounts = list(queryset.select_related("user"))
        for account in accounts:
            self.log_change(request, account, "Ended every session.")
        _leave_own_session(request, [account.user_id for account in accounts])
        ended = end_sessions(account.user for account in accounts)
        if ended.left:
            self.message_user(
                request,
                gettext(
                    "Some of these people have a password, and may still have a session. "
                    "The command corbado_end_sessions says more."
                ),
                messages.WARNING,
            )
        else:
            said = ngettext(
                "%(number)d person is signed out everywhere.",
                "%(number)d people are signed out everywhere.",
                len(accounts),
            )
            self.message_user(request, said % {"number": len(accounts)}, messages.SUCCESS)


@admin.register(ConnectAccount)
class ConnectAccountAdmin(CorbadoAccountAdmin):
    """The admin of Connect's accounts: a row without a sign-in need not mean a passkey."""

    search_help_text = format_lazy("{}. {}", _("A handle, a Corbado user ID, or a user"), HOW_MUCH)
    fieldsets = [
        (None, {"fields": ["local_user", "handle", "corbado_user_id", "project_id"]}),
        (
            _("Sign-ins through Corbado"),
            {"fields": ["created_at", "first_sign_in_at", "last_sign_in_at", "sign_in_count"]},
        ),
    ]
    delete_confirmation_template = "admin/corbado_auth/connectaccount/delete_confirmation.html"
    delete_selected_confirmation_template = (
        "admin/corbado_auth/connectaccount/delete_selected_confirmation.html"
    )

    def get_urls(self) -> list[URLPattern]:
        """Leave out the page with the adoption numbers, which the other admin has."""
        return super(CorbadoAccountAdmin, self).get_urls()

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Hide the list from the admin index if the site does not use Connect."""
        return bool(conf.CORBADO_CONNECT) and super().has_module_permission(request)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search the account, and the local user by name and address."""
        return ["handle__exact", "corbado_user_id__exact", *self.user_search_fields()]


def _leave_own_session(request: HttpRequest, user_ids: Iterable[Any]) -> None:
    """Sign out first if the visitor's own session is about to end: Django could not save it."""
    if request.user.pk in user_ids:
        logout(request)
