"""Whether a visitor can sign in through Corbado: the switch in the admin, and the pilot.

"Off" affects signing in and passkeys, not sessions: people who are signed in stay signed in.
Webhooks ignore the switch. Corbado calls them for people on all pages and devices, and if it were
told that nobody has an address, it would create a second user, who would still be there when the
switch is on again.
"""

from __future__ import annotations

import inspect
import logging
from time import monotonic
from traceback import extract_tb
from typing import Any

from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from .conf import conf
from .events import log_event
from .http import is_fetch
from .models import SignInSwitch, db_for_write
from .next_url import login_page_url
from .projects import is_without_project
from .telemetry import LINK_PARAMETERS

__all__ = ["DELAY", "current_switch", "is_enabled", "is_on", "refuse", "sentence", "turn"]


# Seconds for which a process relies on what it has read: after that, all have noticed.
DELAY = 5
# The only row; without it the switch is on.
ROW = 1


class _Memory:
    """What this process has read, and how long it relies on it.

    One entry for each database, and for each schema of django-tenants.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], tuple[float, bool]] = {}
        self.unsettled_until = 0.0

    def forget(self) -> None:
        """Read again, and keep nothing until the change is committed or rolled back."""
        self.known = {}
        self.unsettled_until = monotonic() + DELAY


_memory = _Memory()


def is_on() -> bool:
    """Return the position of the switch; at most one query every ``DELAY`` seconds."""
    alias, now = db_for_write(), monotonic()
    key = (alias, str(getattr(connections[alias], "schema_name", "")))
    try:
        expires, value = _memory.known[key]
    except KeyError:
        expires, value = 0.0, True
    if now < expires:
        return value
    is_settled = now >= _memory.unsettled_until
    if is_settled:
        # Before the query: other threads use the known value meanwhile.
        _memory.known[key] = (now + DELAY, value)
    try:
        row = current_switch()
    except (DatabaseError, SynchronousOnlyOperation) as error:
        # Without a database, no password works, either. Asynchronous views read it before they
        # render (``login_page``).
        log_event(
            logging.WARNING,
            "The switch cannot be read (%s)",
            type(error).__name__,
            event="switch_failed",
            reason=type(error).__name__,
        )
        return value
    value = row is None or row.is_on
    if is_settled:
        _memory.known[key] = (now + DELAY, value)
    return value


def current_switch() -> SignInSwitch | None:
    """Return the switch as it is in the database; None if nobody has ever used it."""
    return SignInSwitch.objects.using(db_for_write()).filter(pk=ROW).first()


def turn(on: bool, *, by: Any = None) -> SignInSwitch:
    """Turn the switch on or off; ``by`` is the user who does, None at the command line."""
    values = {"is_on": on, "changed_at": timezone.now(), "changed_by_id": by.pk if by else None}
    row, _created = SignInSwitch.objects.using(db_for_write()).update_or_create(
        pk=ROW, defaults=values
    )
    _memory.forget()
    log_event(
        logging.WARNING,
        "Passkeys and links by email were switched %s",
        "on" if on else "off",
        event="switch_changed",
        reason="on" if on else "off",
    )
    return row


def is_enabled(request: HttpRequest | None, *, has_begun: bool = False) -> bool:
    """Return whether this visitor can sign in through Corbado.

    ``has_begun``: this is part of a sign-in that the pilot has let begin, so only the switch can
    stop it. So is an emailed link, which may be opened in another browser.
    """
    if not is_on() or is_without_project():
        return False
    if request is None or has_begun or LINK_PARAMETERS & request.GET.keys():
        return True
    # The answer may change with a sign-in, which replaces ``request.user``.
    user = getattr(request, "user", None)
    known: tuple[Any, bool] | None = getattr(request, "_corbado_in_pilot", None)
    if known is None or known[0] is not user:
        known = (user, _is_in_pilot(request))
        request._corbado_in_pilot = known  # type: ignore[attr-defined]
    return known[1]


def _is_in_pilot(request: HttpRequest) -> bool:
    """Ask the site (``CORBADO_ENABLED_FOR``); if its function fails, the answer is no."""
    path = conf.CORBADO_ENABLED_FOR
    if not path:
        return True
    try:
        answer = import_string(path)(request)
        if inspect.iscoroutine(answer):
            answer.close()
            raise TypeError("an asynchronous function")
        return bool(answer)
    except Exception as error:  # noqa: BLE001 -- whatever the site's function raises
        # Not the error's text, which may quote the request.
        where = extract_tb(error.__traceback__)[-1]
        log_event(
            logging.ERROR,
            "CORBADO_ENABLED_FOR: %s raised %s (line %s of %s). This visitor gets the password "
            "form alone.",
            path,
            type(error).__name__,
            where.lineno,
            where.name,
            event="pilot_failed",
            reason=type(error).__name__,
        )
        return False


def sentence() -> str:
    """Return the sentence for a person."""
    return gettext("Passkeys and links by email are switched off. Please use your password.")


def refuse(request: HttpRequest) -> HttpResponse:
    """Return a page that leads to the password, or JSON for a script."""
    if is_fetch(request):
        response: HttpResponse = JsonResponse(
            {"error": "switched_off", "message": sentence()}, status=403
        )
    else:
        context = {"login_url": login_page_url()}
        response = render(request, "corbado_auth/switched_off.html", context, status=403)
    add_never_cache_headers(response)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
