"""A sign-in that waits for Corbado: the page loads itself again, and what it proved is kept.

The token is unspent and still in the URL, so loading it again is all that it takes. But then the
Referer is lost, which proved that this browser asked to sign in, and with it where to go next: both
wait in a signed cookie, bound to the token. So does how often the page has tried, for it stops
after a while.
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
# Each wait is longer than the one before, so that many who wait are not what keeps Corbado down.
GROWTH = 1.5
LONGEST = 30
# Tabs of one browser that may wait at once.
MAX_TABS = 3


@dataclass(frozen=True, slots=True)
class Retry:
    """What is known of a token that comes again: how often it came, and what it once proved.

    ``proved_next`` is where to go, if this browser asked for this sign-in; None if nothing proves
    that it did.
    """

    tries: int = 0
    proved_next: str | None = None

    @classmethod
    def from_request(cls, request: HttpRequest, token_digest: str) -> Retry:
        """Return what the browser brings for this token.

        The proof counts where our own page was loaded again, and the cookie cannot be another's: a
        sub-domain may plant any that lacks ``__Host-``, one of its own sign-in included.
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
        """Return the seconds after which the page loads itself again; None if it has to stop.

        Without a cookie nothing counts the tries. A browser that keeps none cannot be signed in,
        and is known by coming from our own page with nothing.
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
        """Count this try in the browser, and keep what it proved."""
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
