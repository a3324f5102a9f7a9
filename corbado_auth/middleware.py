"""The middleware of a site with several Corbado projects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .projects import mean, mean_again

__all__ = ["ProjectMiddleware"]

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class ProjectMiddleware:
    """Lets CORBADO_PROJECT_RESOLVER choose the project of each request that needs one.

    Only for sites that set CORBADO_PROJECTS. The resolver is not asked before the project matters,
    so the position in MIDDLEWARE does not matter, either.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response: Any = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, as one for its project."""
        if self._is_async:
            return self._answer(request)
        token = mean(request)
        try:
            response: HttpResponseBase = self.get_response(request)
        finally:
            mean_again(token)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        token = mean(request)
        try:
            response: HttpResponseBase = await self.get_response(request)
        finally:
            mean_again(token)
        return response
