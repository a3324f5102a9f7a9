"""Helpers for responses of all kinds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from traceback import walk_tb
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseRedirect

from corbado_auth.events import log_event

__all__ = [
    "RETRY_AFTER",
    "SeeOther",
    "exact_cookies",
    "is_asynchronous",
    "is_fetch",
    "is_storage_failure",
    "is_turbo",
    "seconds_to_wait",
]

RETRY_AFTER = 30  # seconds, unless Corbado asks for a different wait
LONGEST_RETRY_AFTER = 120


class SeeOther(HttpResponseRedirect):
    """A redirect that the browser follows with GET, whatever the method of this request."""

    status_code = 303


def exact_cookies(request: HttpRequest) -> dict[str, str]:
    """Return the cookies by exactly the names under which the browser sent them, the first of each.

    ``request.COOKIES`` will not do: Django's parser strips whitespace that browsers keep, so a
    sub-domain could send a cookie whose name is another one to the browser, without the protection
    of ``__Host-``, and the same one to Django.
    """
    known: dict[str, str] | None = getattr(request, "_corbado_cookies", None)
    if known is None:
        pairs = (
            pair.removeprefix(" ").partition("=")
            for pair in str(request.META.get("HTTP_COOKIE", "")).split(";")
        )
        known = {}
        for name, equals, value in pairs:
            if equals:
                known.setdefault(name, value)
        request._corbado_cookies = known  # type: ignore[attr-defined]
    return known


def is_asynchronous(view: Callable[..., Any]) -> bool:
    """Return whether calling a view returns an awaitable.

    Under ``method_decorator`` the view is a partial of ``dispatch()``, a plain function, which
    returns what the handlers of the class return.
    """
    owner = getattr(getattr(view, "func", None), "__self__", None)
    return iscoroutinefunction(view) or bool(getattr(owner, "view_is_async", False))


def is_fetch(request: HttpRequest) -> bool:
    """Return whether a script made this request, for which a redirect to a page is no use."""
    headers = request.headers
    # Every current browser sends it, on https and on localhost.
    if "Sec-Fetch-Mode" in headers:
        return headers["Sec-Fetch-Mode"] != "navigate"
    if headers.get("X-Requested-With") == "XMLHttpRequest" or "HX-Request" in headers:
        return True
    accept = headers.get("Accept", "")
    return "json" in accept and "html" not in accept


def is_turbo(request: HttpRequest) -> bool:
    """Return whether Turbo made this request: a script that shows pages, and follows redirects."""
    return "Turbo-Frame" in request.headers or "X-Turbo-Request-Id" in request.headers


def seconds_to_wait(retry_after: int | None) -> int:
    """Return the wait that Corbado asked for, at most two minutes; half a minute by default."""
    return min(retry_after or RETRY_AFTER, LONGEST_RETRY_AFTER)


def is_storage_failure(error: Exception, request: HttpRequest, what: str) -> bool:
    """Return whether our own response replaces this error; if so, log it for ``what``.

    Under DEBUG none does: a developer wants the error itself.
    """
    culprit = "" if settings.DEBUG else _storage_behind(error, request)
    if culprit:
        # Not the error's text: databases quote values, and with them addresses.
        log_event(
            logging.ERROR,
            "%s: the %s raised %s",
            what,
            culprit,
            type(error).__name__,
            event="storage_failed",
            reason=culprit,
        )
    return bool(culprit)


def _storage_behind(error: Exception, request: HttpRequest) -> str:
    """Return the name of the storage that an error comes from, or an empty string.

    Cache drivers, which may store the sessions, share no exception class; so an error counts as
    the session store's if it passed through the session's own methods.
    """
    if isinstance(error, DatabaseError):
        return "database"
    session = getattr(request, "session", None)
    frames = (frame for frame, _line in walk_tb(error.__traceback__))
    if session is not None and any(frame.f_locals.get("self") is session for frame in frames):
        return "session store"
    return ""
