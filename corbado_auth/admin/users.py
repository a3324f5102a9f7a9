"""The local user as a column in lists of rows that belong to a user."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.db.models import BooleanField, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from corbado_auth.local_users import email_field_name, email_of
from corbado_auth.models import db_of_users

from .lists import LongList, beginning_of


class UserColumn(LongList):
    """A mixin for an admin of rows with a user: ``local_user`` links to the user's page."""

    class Media:
        css = {"all": ["corbado_auth/admin.css"]}  # noqa: RUF012 -- Django's form

    # On a phone a list has no column titles, and our style hides this.
    empty_value_display = mark_safe('<span class="corbado-empty">-</span>')

    def user_search_fields(self) -> list[str]:
        """Return the fields that find a user by address, or by how the user name begins.

        ``corbado_email_index`` creates the index that addresses need.
        """
        model, address = get_user_model(), email_field_name()
        fields = [f"=user__{address}"] if address else []
        name = model.USERNAME_FIELD
        if name != address and not model._meta.get_field(name).is_relation:
            fields.append(beginning_of(f"user__{name}", db_of_users()))
        return fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Annotate whether this visitor may see users: columns have no access to the request.

        Users are read by a query of their own: a join would come before sorting and skipping.
        """
        may_see_users = Value(self._may_see_users(request), output_field=BooleanField())
        rows: QuerySet[Any] = super().get_queryset(request)
        annotated: QuerySet[Any] = rows.annotate(links_to_user=may_see_users)
        return annotated.prefetch_related("user")

    @admin.display(description=_("user"))
    def local_user(self, row: Any) -> str:
        """Show the local user, as a link if the visitor may follow it."""
        if not getattr(row, "links_to_user", False):
            return str(row.user)
        meta = type(row.user)._meta
        url = reverse(
            f"admin:{meta.app_label}_{meta.model_name}_change",
            args=[quote(row.user_id)],
            current_app=self.admin_site.name,
        )
        return format_html('<a href="{}">{}</a>', url, row.user)

    @admin.display(description=_("email"))
    def address(self, row: Any) -> str:
        """Show the address that the person has here."""
        return email_of(row.user)

    def _may_see_users(self, request: HttpRequest) -> bool:
        user_admin: Any = self.admin_site._registry.get(get_user_model())
        return user_admin is not None and user_admin.has_view_or_change_permission(request)
