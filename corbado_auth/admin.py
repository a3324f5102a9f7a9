"""Accounts in Django's admin: find, view and unlink them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model, logout
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from .conf import conf
from .local_users import email_field_name
from .models import ConnectAccount, CorbadoAccount, SignInSwitch
from .switch import DELAY, current_switch, turn

if TYPE_CHECKING:
    from .existing_users.adoption import Adoption

    AccountAdmin = admin.ModelAdmin[CorbadoAccount]
    SwitchAdmin = admin.ModelAdmin[SignInSwitch]
else:
    AccountAdmin = SwitchAdmin = admin.ModelAdmin


@admin.register(CorbadoAccount)
class CorbadoAccountAdmin(AccountAdmin):
    """The admin of accounts, which can be viewed and unlinked.

    Nothing can be added or changed: links are proved by a sign-in, not typed, and the numbers
    record what happened. Unlinking means deleting: Django asks first, and logs it.
    """

    list_display = [
        "corbado_user_id",
        "local_user",
        "last_sign_in_at",
        "sign_in_count",
        "email",
        "created_at",
    ]
    list_filter = ["last_sign_in_at", "created_at"]
    list_select_related = ["user"]
    list_per_page = 50
    search_help_text = _("An email address, a Corbado user ID, or a user")
    ordering = ["-pk"]
    # Counting a million accounts again, only to show the total, takes longer than the page.
    show_full_result_count = False
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
        """Show how far the user base has come: numbers, a chart, and the same data as a table."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Not at the top: only this page needs it, but every process of the site would load it.
        from .existing_users.adoption import measure

        numbers = measure()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Adoption"),
            "opts": self.model._meta,
            "adoption": numbers,
            "counts": _counts(numbers),
            "bars": _bars(numbers),
        }
        return TemplateResponse(request, "admin/corbado_auth/adoption.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: see the class."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: CorbadoAccount | None = None
    ) -> bool:
        """Nobody: see the class."""
        return False

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search the account, and the local user by name and address, for any user model."""
        model = get_user_model()
        names = dict.fromkeys([model.USERNAME_FIELD, email_field_name()])
        fields = [name for name in names if name and not model._meta.get_field(name).is_relation]
        return ["email", "corbado_user_id", *(f"user__{name}" for name in fields)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CorbadoAccount]:
        """Annotate whether this visitor may see users: columns have no access to the request."""
        may_see_users = Value(self._may_see_users(request), output_field=BooleanField())
        return super().get_queryset(request).annotate(links_to_user=may_see_users)

    @admin.display(description=_("user"))
    def local_user(self, account: CorbadoAccount) -> str:
        """Show the local user, as a link if the visitor may follow it."""
        if not getattr(account, "links_to_user", False):
            return str(account.user)
        meta = type(account.user)._meta
        url = reverse(
            f"admin:{meta.app_label}_{meta.model_name}_change",
            args=[quote(account.user_id)],
            current_app=self.admin_site.name,
        )
        return format_html('<a href="{}">{}</a>', url, account.user)

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
        from .sessions.ending import end_sessions

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

    def _may_see_users(self, request: HttpRequest) -> bool:
        user_admin: Any = self.admin_site._registry.get(get_user_model())
        return user_admin is not None and user_admin.has_view_or_change_permission(request)


@admin.register(ConnectAccount)
class ConnectAccountAdmin(CorbadoAccountAdmin):
    """The same for Connect. A person without a sign-in may or may not have added a passkey."""

    list_display = [
        "local_user",
        "last_sign_in_at",
        "sign_in_count",
        "corbado_user_id",
        "created_at",
    ]
    search_help_text = _("A handle, a Corbado user ID, or a user")
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
        """Hide the list from the admin index on sites that do not use Connect."""
        return bool(conf.CORBADO_CONNECT) and super().has_module_permission(request)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search the account, and the local user by name and address."""
        fields = [name for name in super().get_search_fields(request) if name != "email"]
        return ["handle", *fields]


@admin.register(SignInSwitch)
class SignInSwitchAdmin(SwitchAdmin):
    """One page with one button, instead of a list: passkeys and emailed links, on or off."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: there is one switch."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SignInSwitch | None = None) -> bool:
        """Nobody: there is one switch."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the position of the switch, and turn it."""
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
        """Lead to the page with the button, for instance from the history."""
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
                "Passkeys and links by email are off. Whoever is signed in stays signed in."
            )
        )
        self.message_user(request, said, messages.SUCCESS)
        return redirect(request.path)


def _leave_own_session(request: HttpRequest, user_ids: Iterable[Any]) -> None:
    """Sign out first if the visitor's own session is about to end: Django could not save it."""
    if request.user.pk in user_ids:
        logout(request)


def _counts(adoption: Adoption) -> list[tuple[str, int, float]]:
    """Return (label, people, percent of all users) for each number."""
    rows = [
        (gettext("Users"), adoption.users),
        (gettext("Have a Corbado account"), adoption.moved),
        (gettext("Have signed in with it"), adoption.signed_in),
        (gettext("… and used a password since"), adoption.used_password_since),
    ]
    return [(name, number, 100 * adoption.share(number)) for name, number in rows]


def _bars(adoption: Adoption) -> list[dict[str, Any]]:
    """Lay out the chart in a box of 720 by 200, with one bar per week showing the share."""
    bars = []
    for number, week in enumerate(adoption.weeks):
        share = min(1.0, adoption.share(week.total))
        height = round(160 * share)
        bars.append(
            {
                "week": week,
                "percent": 100 * share,
                "x": 60 * number + 10,
                "middle": 60 * number + 30,
                "y": 180 - height,
                "height": height,
                "label_y": 174 - height,
            }
        )
    return bars
