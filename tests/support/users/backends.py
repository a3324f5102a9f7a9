"""A backend of another app that stands before ours and listens to every call."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest


class UndecidedBackend(BaseBackend):
    """Takes any credentials and knows nobody."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Say that this person is not ours."""
