"""Decorators for a site's own views."""

from __future__ import annotations

from .sign_in.intent import login_page

__all__ = ["login_page"]
