"""The app in Django's admin: accounts, adoption, sign-ins, and the switch."""

from __future__ import annotations

from .accounts import ConnectAccountAdmin, CorbadoAccountAdmin
from .attempts import MigrationAttemptAdmin
from .history import SignInRecordAdmin
from .switch import SignInSwitchAdmin

__all__ = [
    "ConnectAccountAdmin",
    "CorbadoAccountAdmin",
    "MigrationAttemptAdmin",
    "SignInRecordAdmin",
    "SignInSwitchAdmin",
]
