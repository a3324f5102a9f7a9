"""The users that corbado_migrate_users did not move, and why, in Django's admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from corbado_auth.models import CorbadoAccount, MigrationAttempt

from .lists import HOW_MUCH, Reasons
from .users import UserColumn

if TYPE_CHECKING:
    AttemptAdmin = admin.ModelAdmin[MigrationAttempt]
else:
    AttemptAdmin = admin.ModelAdmin


class HasAccount(admin.SimpleListFilter):
    """A filter by whether the person has an account by now."""

    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[tuple[str, Any]]:
        """Return the two choices."""
        yield "no", _("None yet")
        yield "yes", _("Has one by now")

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MigrationAttempt]
    ) -> QuerySet[MigrationAttempt]:
        """Keep the people with the chosen answer."""
        if self.value() not in {"no", "yes"}:
            return queryset
        accounts = CorbadoAccount.objects.in_project().filter(user_id=OuterRef("user_id"))
        has_account = Exists(accounts)
        return queryset.filter(has_account if self.value() == "yes" else ~has_account)


@admin.register(MigrationAttempt)
class MigrationAttemptAdmin(UserColumn, AttemptAdmin):
    """The list of people that corbado_migrate_users asked about, with the outcomes."""

    list_display = ["local_user", "address", "outcome", "said", "finished_at"]
    list_display_links = None
    list_filter = ["outcome", ("reason", Reasons), HasAccount]
    ordering = ["-pk"]
    search_help_text = format_lazy("{}. {}", _("An email address, or a user"), HOW_MUCH)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MigrationAttempt]:
        """Leave out other Corbado projects."""
        project_id = MigrationAttempt.objects.in_project()
        return super().get_queryset(request).filter(pk__in=project_id.values("pk"))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search the local user by name and address."""
        return self.user_search_fields()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow nobody: the command writes these rows."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: MigrationAttempt | None = None
    ) -> bool:
        """Allow nobody: the command writes these rows."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: MigrationAttempt | None = None
    ) -> bool:
        """Allow it only where the user is deleted as well: the command needs the other rows."""
        here = f"{self.opts.app_label}_{self.opts.model_name}_"
        page = request.resolver_match and request.resolver_match.url_name
        return not (page or "").startswith(here) and super().has_delete_permission(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Replace Django's title, which says that a row can be selected to change it."""
        title = {"title": _("People whom corbado_migrate_users looked at")}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    @admin.display(description=_("reason"), ordering="reason")
    def said(self, attempt: MigrationAttempt) -> str:
        """Show the code, which the documentation explains, and what it means."""
        if not attempt.reason:
            return ""
        from corbado_auth.existing_users.outcomes import REASONS

        meaning = REASONS.get(attempt.reason)
        return format_html(
            "<code>{}</code> {}", attempt.reason, gettext(meaning) if meaning else ""
        )
