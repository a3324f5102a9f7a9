"""Loading what the first sign-in needs before anyone waits for it, but not when a process starts.

That is the HTTP client, the backend of the cache, and the statement that finds the person.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from threading import Thread
from typing import Any

from django.core.cache import cache
from django.db import connections, router

from .conf import conf
from .corbado_api.connect import ConnectService
from .corbado_api.service import CorbadoService
from .events import log_event
from .managers import BY_CORBADO_USER_ID, BY_HANDLE, compile_lookup
from .models import ConnectAccount, CorbadoAccount

__all__ = ["warm_up"]


def warm_up(**_signal: Any) -> None:
    """Load it after the first request of this process. Connected to ``request_finished``.

    Loading takes longer than ten sign-ins. Commands need not wait for it, nor does the first page.
    """
    _begin(os.getpid())


@lru_cache(maxsize=1)
def _begin(pid: int) -> None:
    """Load it in a thread, once; ``pid`` makes a forked child do so, too."""
    with suppress(RuntimeError):  # No further thread can be started; a sign-in loads it then.
        Thread(target=_load, name="corbado-warm-up").start()


def _load() -> None:
    for step in _steps():
        try:
            step()
        except Exception as error:  # noqa: BLE001 -- a sign-in would fail as well, and say more
            log_event(
                logging.DEBUG,
                "Loading what the first sign-in needs failed",
                event="warm_up_failed",
                reason=type(error).__name__,
            )
    connections.close_all()  # Of this thread: some databases are asked for their version.


def _steps() -> Iterator[Callable[[], object]]:
    yield CorbadoService()._prepare
    yield _load_cache
    yield partial(_compile, CorbadoAccount, BY_CORBADO_USER_ID)
    if conf.CORBADO_CONNECT:
        yield ConnectService()._prepare
        yield partial(_compile, ConnectAccount, BY_HANDLE)


def _load_cache() -> None:
    """Import the cache's backend, and its client: Django's for Redis imports that here."""
    getattr(cache, "_cache", None)


def _compile(model: type[CorbadoAccount | ConnectAccount], key: Any) -> None:
    compile_lookup(key, router.db_for_write(model))
