"""A sign-in while Corbado cannot be asked: the page reloads itself, and what was proved is kept.

Corbado does not answer, or too many sign-ins have failed in this minute.

The token is unused and still in the URL, so a reload is all it takes. But a reload loses the
Referer, which proved that this browser asked to sign in, and where to go next. So both are stored
in a signed cookie, bound to the token, with the number of tries, since the page stops after a
while.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from corbado_auth.next_url import safe_next

from .signed_cookies import SignedCookie, TooLargeError

__all__ = ["Retry", "keep_proofs"]

# As long as a token lasts (API notes 1.3).
cookie = SignedCookie("corbado_auth_retry", max_age=5 * 60)

MAX_TRIES = 10
# Each wait is longer than the last, so that waiting pages do not keep Corbado down.
GROWTH = 1.5
LONGEST = 30
# How many tabs of one browser may wait at once.
MAX_TABS = 3


@dataclass(frozen=True, slots=True)
class Retry:
    """What is known of a token that is presented again: the number of tries, and what was proved.

    ``proved_next`` is where to go next, if this browser asked for this sign-in; None if nothing
    proves that it did.
    """

    tries: int = 0
    proved_next: str | None = None

    @classmethod
    def from_request(cls, request: HttpRequest, token_digest: str) -> Retry:
        """Return what the browser's cookie says about this token.

        The proof counts only if our own page was reloaded, and the cookie cannot be someone
        else's: a sub-domain may plant any that lacks ``__Host-``, even one from its own sign-in.
        """
        entry = _entries(request).get(token_digest)
        if entry is None:
            return cls()
        tries, proved_next = entry
        is_our_page = request.META.get("HTTP_SEC_FETCH_SITE") == "same-origin"
        if proved_next is None or not (keep_proofs() and is_our_page):
            return cls(tries)
        return cls(tries, safe_next(request, proved_next))

    def seconds(self, retry_after: int) -> int:
        """Return how long to wait before the next try."""
        patient = min(LONGEST, int(retry_after * GROWTH**self.tries))
        return max(retry_after, patient)

    def refresh(self, request: HttpRequest, seconds: int, has_intent: bool) -> int | None:
        """Return the seconds after which the page reloads itself; None if it has to stop.

        Without a cookie nothing counts the tries. A browser that stores none cannot be signed in;
        we recognize it by its coming from our own page without one.
        """
        is_first = has_intent or request.META.get("HTTP_SEC_FETCH_SITE") != "same-origin"
        return seconds if 0 < self.tries < MAX_TRIES or (not self.tries and is_first) else None

    def store(
        self,
        request: HttpRequest,
        response: HttpResponse,
        token_digest: str,
        proved_next: str | None,
    ) -> None:
        """Store this try in the browser, with what was proved."""
        others = {key: value for key, value in _entries(request).items() if key != token_digest}
        entry = [self.tries + 1, proved_next]
        value = {**dict(list(others.items())[1 - MAX_TABS :]), token_digest: entry}
        try:
            cookie.write(response, value)
        except TooLargeError:
            cookie.write(response, {token_digest: [self.tries + 1, None]})


def keep_proofs() -> bool:
    """Return whether the cookie has the prefix that keeps sub-domains from planting it."""
    return bool(settings.SESSION_COOKIE_SECURE)


def _entries(request: HttpRequest) -> dict[str, tuple[int, str | None]]:
    found = {}
    for digest, entry in (cookie.read(request) or {}).items():
        match entry:
            case [int(tries), str() | None as proved_next]:
                found[digest] = (tries, proved_next)
    return found
