"""Who takes part in a pilot: building blocks for your own ``CORBADO_ENABLED_FOR``.

Each function takes the request and returns a bool. On the login page, nobody is signed in yet, so
the browser has to remember: that is what ``PilotMiddleware`` and its cookie are for.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

__all__ = ["PilotMiddleware", "in_group", "in_percentage", "is_staff"]

COOKIE = "corbado_auth_pilot"
YEAR = 365 * 24 * 3600
# The browser's number is less than this: hundredths of a percent.
NUMBERS = 10_000


class _Browser:
    """The content of the cookie: a random number, and whether a member has been signed in here.

    It is not signed: changing it shows passkeys on the sign-in page, but grants no rights.
    """

    def __init__(self, request: HttpRequest) -> None:
        number, _dot, flag = request.COOKIES.get(COOKIE, "").partition(".")
        is_known = number.isascii() and number.isdigit() and len(number) <= 4
        self.number = int(number) if is_known else None
        self.was_member = flag == "member"
        self.is_changed = False

    def draw(self) -> int:
        """Return the number of this browser, drawing it the first time."""
        if self.number is None:
            self.number = secrets.randbelow(NUMBERS)
            self.is_changed = True
        return self.number

    def note_member(self) -> None:
        """Remember that a member of the pilot has been signed in here."""
        if not self.was_member:
            self.draw()
            self.was_member = self.is_changed = True

    @property
    def value(self) -> str:
        return f"{self.number}.member" if self.was_member else str(self.number)


class PilotMiddleware(MiddlewareMixin):
    """Middleware that stores in a cookie what the functions of this module have to remember.

    It may be anywhere in MIDDLEWARE, and sets the cookie only if one of them was called.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Read the cookie."""
        request.corbado_browser = _Browser(request)  # type: ignore[attr-defined]

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Write the cookie if it has changed."""
        browser: _Browser | None = getattr(request, "corbado_browser", None)
        if browser is not None and browser.is_changed:
            response.set_cookie(
                COOKIE,
                browser.value,
                max_age=YEAR,
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return response


def is_staff(request: HttpRequest) -> bool:
    """Return whether the person is staff, or a staff member has used this browser before."""
    return _is_member(request, lambda user: bool(getattr(user, "is_staff", False)))


def in_group(request: HttpRequest, name: str) -> bool:
    """Return whether the person is in this group, or a member has used this browser before."""
    return _is_member(request, lambda user: bool(user.groups.filter(name=name).exists()))


def in_percentage(request: HttpRequest, percent: float) -> bool:
    """Return whether this browser is in the given percentage; raising it drops nobody.

    Counted by browser and not by person, who is unknown on the login page.
    """
    return _browser(request).draw() < percent * NUMBERS / 100


def _is_member(request: HttpRequest, test: Callable[[Any], bool]) -> bool:
    browser = _browser(request)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return browser.was_member
    if not test(user):
        return False
    browser.note_member()
    return True


def _browser(request: HttpRequest) -> _Browser:
    browser: _Browser | None = getattr(request, "corbado_browser", None)
    if browser is None:
        raise ImproperlyConfigured('Add "corbado_auth.pilot.PilotMiddleware" to MIDDLEWARE.')
    return browser
