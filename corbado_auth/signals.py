"""Signals tell what happened; they never decide.

Sign-ins, sign-outs and failures are Django's own: ``user_logged_in``, ``user_logged_out``,
``user_login_failed``.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Model
from django.dispatch import Signal
from django.http import HttpRequest

__all__ = ["account_linked"]

# A Corbado user and a local user were tied together. Sent after the transaction, robustly: a
# receiver that raises is logged and breaks no sign-in.
# Arguments: sender (the CorbadoAccount class), request (HttpRequest or None), account,
# created (True when the local user was made for this Corbado user).
account_linked = Signal()


def send_account_linked(
    account: Model, *, request: HttpRequest | None = None, created: bool = False
) -> None:
    """Send ``account_linked`` for a row just written, once its transaction is through."""
    transaction.on_commit(
        lambda: account_linked.send_robust(
            sender=type(account), request=request, account=account, created=created
        ),
        using=account._state.db,
    )
