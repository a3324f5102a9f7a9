"""A URLconf of a site that has not included ours yet."""

from __future__ import annotations

from typing import Any

urlpatterns: list[Any] = []
