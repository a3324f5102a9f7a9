"""Decorators for a site's own views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.http import HttpRequest

from .http import is_asynchronous
from .sign_in.intent import login_page
from .step_up.asking import RECENT, ask_to_sign_in, seconds_of

__all__ = ["login_page", "recent_sign_in_required"]

View = TypeVar("View", bound=Callable[..., Any])


def recent_sign_in_required(*, max_age: float = RECENT) -> Callable[[View], View]:
    """Let a view serve only people who signed in at most ``max_age`` seconds ago, in this session.

    Others are sent through Corbado, and then come back. A form that was sent is kept for ten
    minutes (up to 64 kB, never with a file or a password), and a script gets a 401 with JSON. A
    person who impersonates someone else gets a 403.
    """

    seconds_of(max_age)

    def decorate(view: View) -> View:
        if is_asynchronous(view):

            @wraps(view)
            async def wrapped_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                answer = await sync_to_async(ask_to_sign_in)(request, max_age)
                return answer or await view(request, *args, **kwargs)

            return cast("View", wrapped_async)

        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return ask_to_sign_in(request, max_age) or view(request, *args, **kwargs)

        return cast("View", wrapped)

    return decorate
