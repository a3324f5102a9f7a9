"""Users who must prove a second factor, which neither a magic link nor a password provides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_backends
from django.contrib.auth.models import AbstractBaseUser
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch

__all__ = ["has_second_factor", "second_factor_page"]


def has_second_factor(user: AbstractBaseUser) -> bool:
    """Return whether the site's backend says that this user has a second factor."""
    return any(backend.has_second_factor(user) for backend in _ours())


def second_factor_page() -> str:
    """Return the URL of the page that asks for password and second factor, or an empty string.

    All pages about failures have it, so a wrong name must not break them; a check reports that.
    """
    pages = [backend.second_factor_url for backend in _ours() if backend.second_factor_url]
    try:
        return resolve_url(pages[0]) if pages else ""
    except NoReverseMatch:
        return ""


def _ours() -> Iterator[Any]:
    return (backend for backend in get_backends() if hasattr(backend, "has_second_factor"))
