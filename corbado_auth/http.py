"""What answers of all kinds have in common."""

from __future__ import annotations

from traceback import walk_tb

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseRedirect

__all__ = ["RETRY_AFTER", "SeeOther", "seconds_to_wait", "storage_behind"]

RETRY_AFTER = 30  # seconds, unless Corbado asks for another wait
LONGEST_RETRY_AFTER = 120


class SeeOther(HttpResponseRedirect):
    """Redirect to a page that is asked for with GET, whatever this request was."""

    status_code = 303


def seconds_to_wait(retry_after: int | None) -> int:
    """Return Corbado's own wish up to two minutes, else half a minute."""
    return min(retry_after or RETRY_AFTER, LONGEST_RETRY_AFTER)


def storage_behind(error: Exception, request: HttpRequest) -> str:
    """Name the storage that an error comes from, or return an empty string.

    The drivers of caches, in which sessions may be, have no exception in common; that the error
    came through the session's own methods tells.
    """
    if isinstance(error, DatabaseError):
        return "database"
    session = getattr(request, "session", None)
    frames = (frame for frame, _line in walk_tb(error.__traceback__))
    if session is not None and any(frame.f_locals.get("self") is session for frame in frames):
        return "session store"
    return ""
