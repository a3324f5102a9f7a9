"""The middleware of a site with several Corbado projects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .projects import activate, restore

__all__ = ["ProjectMiddleware"]

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class ProjectMiddleware:
    """Middleware that lets CORBADO_PROJECT_RESOLVER choose the project of each request.

    Only for sites that set CORBADO_PROJECTS. It may be anywhere in MIDDLEWARE, since the resolver
    is asked only when the project is needed.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response: Any = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request with its project in effect."""
        if self._is_async:
            return self._answer(request)
        token = activate(request)
        try:
            response: HttpResponseBase = self.get_response(request)
        finally:
            restore(token)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        token = activate(request)
        try:
            response: HttpResponseBase = await self.get_response(request)
        finally:
            restore(token)
        return response
