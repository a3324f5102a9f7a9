"""Loading the HTTP client before anyone waits for it, but not when a process starts."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from threading import Thread
from typing import Any

from corbado_auth.conf import conf
from corbado_auth.events import log_event

from .connect import ConnectService
from .service import CorbadoService

__all__ = ["warm_up"]


def warm_up(**_signal: Any) -> None:
    """Load it after the first request of this process. Connected to ``request_finished``.

    Loading takes longer than ten sign-ins. Commands need not wait for it, nor does the first page.
    """
    _begin(os.getpid())


@lru_cache(maxsize=1)
def _begin(pid: int) -> None:
    """Load it in a thread, once; ``pid`` makes a forked child do so, too."""
    Thread(target=_load, name="corbado-warm-up").start()


def _load() -> None:
    services = [CorbadoService, *([ConnectService] if conf.CORBADO_CONNECT else [])]
    for service in services:
        try:
            service()._prepare()
        except Exception as error:  # noqa: BLE001 -- a call would fail as well, and say more
            log_event(
                logging.DEBUG,
                "Loading the HTTP client failed",
                event="warm_up_failed",
                reason=type(error).__name__,
            )
