"""Signals, which report what happened and never decide anything.

Sign-ins, sign-outs and failures are Django's own: ``user_logged_in``, ``user_logged_out``,
``user_login_failed``.
"""

from __future__ import annotations

from django.dispatch import Signal

__all__ = [
    "account_linked",
    "account_unlinked",
    "passkey_added",
    "passkey_removed",
    "sign_in_refused",
]

# A Corbado user and a local user were linked. Sent after the commit with send_robust: a receiver
# that raises is logged and does not break the sign-in.
# Arguments: sender (the CorbadoAccount class), request (HttpRequest or None), account,
# created (True if the local user was created for this Corbado user).
account_linked = Signal()

# An account was deleted: a Corbado user and a local user are no longer linked. Sent after the
# commit with send_robust. Arguments: sender (the class of the account, CorbadoAccount or
# ConnectAccount), account (no longer in the database), is_user_deleted (True if the local user was
# deleted, not just unlinked).
account_unlinked = Signal()

# Someone has a new passkey at Corbado. It is noticed by Corbado's event, if the event webhook is
# set up, or when the person's list of passkeys is read: those on the first list do not count as
# new. Sent with send_robust. Arguments: sender (the class of the account), request (the one in
# which it was noticed, which may be Corbado's, or None), account, passkey_id.
passkey_added = Signal()

# A passkey was removed: on our page, or at Corbado, which is noticed as for passkey_added. Sent
# with send_robust, with the same arguments.
passkey_removed = Signal()

# The site did not let in a person whom Corbado vouched for. Sent with send_robust. Arguments:
# sender (the SignInRefused class), request (HttpRequest or None), reason (the code in the log),
# corbado_user_id (may be empty).
sign_in_refused = Signal()
