"""A limit on failed attempts per client address, so that nobody uses up the site's API quota."""

from __future__ import annotations

import logging
import time

from django.core.cache import cache
from django.http import HttpRequest

from .client_info import rate_limit_key
from .conf import conf

__all__ = ["Attempt"]

WINDOW = 60  # seconds

logger = logging.getLogger("corbado_auth")


class Attempt:
    """Count one attempt before it is made; take it back unless it failed.

    Counting first keeps a burst of parallel requests within the limit. A good attempt is taken back
    but resets nothing. The counter is in Django's default cache: a dummy cache switches the limit
    off, and a cache that fails locks nobody out.
    """

    def __init__(self, request: HttpRequest) -> None:
        # The minute is part of the key: Django's file and database caches forget the time-out of a
        # key that they count up, and a lock-out would last as long as their TIMEOUT.
        minute = int(time.time() // WINDOW)
        self._key = f"corbado_auth.attempts.{rate_limit_key(request)}.{minute}"
        self._is_counted = False
        self.is_allowed = self._count()

    def take_back(self) -> None:
        """Uncount an attempt that did not fail."""
        if not self._is_counted:
            return  # And a cache that hangs is not waited for once more.
        try:
            cache.decr(self._key)
        except ValueError:
            pass  # A dummy cache, or one that has dropped the key.
        except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
            _warn(error)

    def _count(self) -> bool:
        limit = conf.CORBADO_FAILED_ATTEMPTS_PER_MINUTE
        if limit <= 0:
            return True
        try:
            is_first = cache.add(self._key, 1, timeout=2 * WINDOW)
            count = 1 if is_first else cache.incr(self._key)
            self._is_counted = True
            return bool(count <= limit)
        except ValueError:
            return True  # A dummy cache, or one that has dropped the key.
        except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
            _warn(error)
            return True


def _warn(error: Exception) -> None:
    logger.warning(
        "The cache does not count failed sign-ins (%s): the limit is off.", type(error).__name__
    )
