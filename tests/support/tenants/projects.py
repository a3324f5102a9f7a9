"""Tenants with a Corbado project each, which is called like the schema."""

from __future__ import annotations

from django.http import HttpRequest


def project_of(request: HttpRequest) -> str | None:
    """Return the schema's name; the public one has no project."""
    schema: str = request.tenant.schema_name  # type: ignore[attr-defined]
    return None if schema == "public" else schema
