"""Which of several Corbado projects a row belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from corbado_auth.conf import conf
from corbado_auth.models import ConnectAccount
from corbado_auth.projects import project_names, use_project

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = object

__all__ = ["ProjectColumn"]


def _project_id_of(name: str, model: type[Any]) -> str:
    with use_project(name):
        is_at_connect = model is ConnectAccount
        return conf.CORBADO_CONNECT_PROJECT_ID if is_at_connect else conf.CORBADO_PROJECT_ID


class ProjectFilter(admin.SimpleListFilter):
    """A filter by project. Its choices are the settings', so that no table is read for them."""

    title = _("Corbado project")
    parameter_name = "project"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[tuple[str, str]]:
        """Return the names in CORBADO_PROJECTS."""
        return ((name, name) for name in project_names())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the chosen one."""
        name = self.value()
        if name not in project_names():
            return queryset
        return queryset.filter(project_id=_project_id_of(str(name), queryset.model))


class ProjectColumn(ModelAdmin):
    """A mixin with a column and a filter, if the site has several projects."""

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Add the column."""
        columns = [*super().get_list_display(request)]
        return [*columns, "project"] if len(project_names()) > 1 else columns

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Add the filter."""
        filters = [*super().get_list_filter(request)]
        return [ProjectFilter, *filters] if len(project_names()) > 1 else filters

    @admin.display(description=_("Corbado project"), ordering="project_id")
    def project(self, row: Any) -> str:
        """Show its name, or its ID if the settings do not have it."""
        names = {_project_id_of(name, type(row)): name for name in project_names()}
        return names.get(row.project_id) or str(row.project_id)
