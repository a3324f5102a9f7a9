"""Signals, which report what happened and never decide anything.

Sign-ins, sign-outs and failures are Django's own: ``user_logged_in``, ``user_logged_out``,
``user_login_failed``.
"""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["account_linked"]

# A Corbado user and a local user were linked. Sent after the commit with send_robust: a receiver
# that raises is logged and does not break the sign-in.
# Arguments: sender (the CorbadoAccount class), request (HttpRequest or None), account,
# created (True if the local user was created for this Corbado user).
account_linked = Signal()
