"""When the person of this session signed in, by whatever backend: for steps that need it fresh."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest

__all__ = ["is_recent", "note"]

SESSION_KEY = "_corbado_auth_signed_in_at"


def note(request: HttpRequest | None, **_signal: Any) -> None:
    """Note in the session that the person proved who they are, now.

    Connected to ``user_logged_in``. The user's ``last_login`` would not do: an old, stolen session
    would become fresh whenever the owner signs in elsewhere.
    """
    session = getattr(request, "session", None)
    if session is not None:
        session[SESSION_KEY] = int(time.time())


def is_recent(request: HttpRequest, seconds: int) -> bool:
    """Tell whether the last sign-in of this session is at most so many seconds ago."""
    noted = request.session.get(SESSION_KEY)
    return isinstance(noted, int) and 0 <= time.time() - noted <= seconds
