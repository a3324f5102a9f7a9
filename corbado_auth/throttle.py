"""Limits on failed sign-ins, so that nobody uses up the site's API quota at Corbado.

``Attempt`` has three counters for the current minute, in Django's default cache: the failures of an
address, of its network (a household, a server), and of the whole site; and one for each visit. Only
failures count, so any number of people can sign in at once, from one office or through one proxy.
Visitors without a failure are not refused because of others as long as the site's budget lasts.
``Tally`` counts other things, for other limits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.core.cache import cache
from django.http import HttpRequest

from .client_info import has_unnamed_proxy, rate_limit_keys
from .conf import conf, own_project_id
from .events import log_event
from .exceptions import CorbadoRejected, InvalidAuthToken, InvalidPasskeyData

__all__ = ["Attempt", "Tally", "note_cache_failure"]

WINDOW = 60  # seconds
# Parts of the site's budget: those who may have caused the failures stop at the first, and nobody
# of a network that has spent a fifth of the budget gets beyond the second.
HALF, MOST = 0.5, 0.8
# Why Corbado is not asked, as the log names it.
ADDRESS, NETWORK, SITE = "too_many_from_address", "too_many_from_network", "too_many_in_all"


class Attempt:
    """One attempt to sign in: whether Corbado may be asked, and whether it failed.

    ``visitor`` is a value that is unique to this visit, such as the random ID of its intent;
    without one, or with one that has failed, the visitor is counted by address. A dummy cache
    switches the limits off, and a failing cache locks nobody out.
    """

    def __init__(self, request: HttpRequest, visitor: str = "") -> None:
        # The minute is part of the keys: Django's file and database caches drop a key's own
        # time-out when they increment it, and a lock-out would last as long as their TIMEOUT.
        now = time.time()
        minute = int(now // WINDOW)
        # When the next minute begins, counting starts again.
        self.seconds_to_wait = WINDOW - int(now % WINDOW)
        # Each project has a quota of its own.
        failed = f"corbado_auth.failed{own_project_id()}"
        address, network = rate_limit_keys(request)
        self._address = f"{failed}.{address}.{minute}"
        self._network = f"{failed}.{network}.{minute}"
        self._site = f"{failed}.site.{minute}"
        # Without a minute: for as long as it is kept, it only means that the address counts.
        self._visitor = f"{failed}.visitor.{visitor}" if visitor else ""
        self._shares_proxy = has_unnamed_proxy(request)
        self._per_address = conf.CORBADO_FAILED_ATTEMPTS_PER_MINUTE
        self._budget = conf.CORBADO_FAILED_ATTEMPTS_BUDGET * WINDOW
        self._is_limited = self._per_address > 0 or self._budget > 0
        objection = self._objection() if self._is_limited else ""
        self.is_allowed = not objection
        if objection:
            log_event(
                logging.WARNING,
                "Corbado is not asked: too many sign-ins have failed in this minute (%s)",
                objection,
                event="sign_in_failed",
                reason=objection,
            )

    def note_failure(self) -> None:
        """Count this attempt: the token was invalid, or Corbado rejected what the visitor sent."""
        if not self._is_limited:
            return
        try:
            for key in filter(None, (self._visitor, self._address, self._network, self._site)):
                if not cache.add(key, 1, timeout=2 * WINDOW):
                    cache.incr(key)
        except ValueError:
            pass  # A dummy cache, or one that has dropped the key.
        except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
            note_cache_failure(error)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what Corbado refuses inside, and go on raising it.

        That includes calls that it rejects: a header or claim of the visitor's may be the reason.
        Reloads count as well, or they would allow any number of calls.
        """
        try:
            yield
        except (InvalidAuthToken, InvalidPasskeyData, CorbadoRejected):
            self.note_failure()
            raise

    def _objection(self) -> str:
        """Return which limit is reached, or an empty string."""
        keys = [key for key in (self._visitor, self._address, self._network, self._site) if key]
        try:
            failures = cache.get_many(keys)
            counts = {key: int(failures.get(key, 0)) for key in keys}
        except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
            note_cache_failure(error)
            return ""
        spent = counts[self._site] / self._budget if self._budget > 0 else 0
        is_network_noisy = 0 < self._budget <= 5 * counts[self._network]
        if spent >= 1:
            return SITE
        if self._visitor and not counts[self._visitor]:
            # A new visit for each token looks like this, too: so an address that has failed stops
            # at half, and its network never gets the rest, which is for visitors from elsewhere.
            # Behind an unnamed proxy, the whole Internet looks like one network.
            share = HALF if counts[self._address] else MOST
            is_over = is_network_noisy and not self._shares_proxy and spent >= share
            return NETWORK if is_over else ""
        # Visitors who opened a login page go first.
        if 0 < self._per_address <= counts[self._address]:
            return ADDRESS
        if is_network_noisy:
            return NETWORK
        return SITE if spent >= HALF else ""


class Tally:
    """A counter of how often something happened to one person within a time window.

    ``who`` may be personal data: the key contains only a digest of it. A failing cache counts
    nothing.
    """

    def __init__(self, kind: str, who: str, *, window: int = WINDOW) -> None:
        digest = sha256(who.encode()).hexdigest()[:32]
        self._key = f"corbado_auth.{kind}.{digest}.{int(time.time() // window)}"
        self._timeout = 2 * window

    def add(self) -> int:
        """Count one more and return the new total; 0 if unknown."""
        try:
            return 1 if cache.add(self._key, 1, self._timeout) else int(cache.incr(self._key))
        except ValueError:
            return 0  # A dummy cache, or one that has dropped the key.
        except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
            note_cache_failure(error)
            return 0

    def take_back(self) -> None:
        """Count one less: this one turned out not to count."""
        try:
            cache.decr(self._key)
        except ValueError:
            pass
        except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
            note_cache_failure(error)


def note_cache_failure(error: Exception) -> None:
    """Log that the cache failed; the request goes on without it."""
    log_event(
        logging.WARNING,
        "The cache failed (%s): a limit is off.",
        type(error).__name__,
        event="cache_failed",
        reason=type(error).__name__,
    )
