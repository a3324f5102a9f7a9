"""Log records about what happens to people, with extra attributes for structured logs."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest

from .exceptions import SignInRefused
from .signals import sign_in_refused

__all__ = ["log_event", "tell_refused"]

logger = logging.getLogger("corbado_auth")


def log_event(
    level: int,
    message: str,
    *arguments: Any,
    event: str,
    reason: str = "",
    corbado_user_id: str = "",
) -> None:
    """Log with ``event``, ``reason`` and ``corbado_user_id`` as attributes of the record.

    None of them is ever a secret or an address: many people read logs.
    """
    extra = {"event": event, "reason": reason, "corbado_user_id": corbado_user_id}
    logger.log(level, message, *arguments, extra=extra, stacklevel=2)


def tell_refused(
    request: HttpRequest | None, refusal: SignInRefused, corbado_user_id: str = ""
) -> None:
    """Log that a verified person is not let in, and send ``sign_in_refused``."""
    log_event(
        logging.WARNING,
        "Sign-in refused: %s (Corbado user %s)",
        refusal,
        corbado_user_id or "unknown",
        event="sign_in_refused",
        reason=refusal.reason,
        corbado_user_id=corbado_user_id,
    )
    sign_in_refused.send_robust(
        sender=SignInRefused,
        request=request,
        reason=refusal.reason,
        corbado_user_id=corbado_user_id,
    )
