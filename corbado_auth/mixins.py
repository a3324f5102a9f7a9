"""Mixins for a site's own class-based views, and for its own AdminSite."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.views import View

from .sign_in.admin_login import CorbadoAdminMixin
from .step_up.asking import RECENT, ask_to_sign_in, seconds_of

__all__ = ["CorbadoAdminMixin", "RecentSignInRequiredMixin"]


class RecentSignInRequiredMixin(View):
    """A view only for people who have signed in recently, like ``recent_sign_in_required``."""

    # How many seconds ago may the sign-in have been?
    recent_sign_in = RECENT

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask for another sign-in first if the last one was too long ago."""
        seconds_of(self.recent_sign_in)
        if self.view_is_async:
            return self._dispatch_async(request, *args, **kwargs)
        answer = ask_to_sign_in(request, self.recent_sign_in)
        return answer or super().dispatch(request, *args, **kwargs)

    async def _dispatch_async(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        answer = await sync_to_async(ask_to_sign_in)(request, self.recent_sign_in)
        found: Any = answer or super().dispatch(request, *args, **kwargs)
        return found if answer else await found
