"""The views that a site names in its URLconf or subclasses."""

from __future__ import annotations

from .connect.tokens import ConnectTokensView
from .passkeys.views import AddPasskeyView, PasskeysView, RemovePasskeyView, RenamePasskeyView
from .sign_in.failures import FailurePages
from .sign_in.login import LoginView, LogoutView
from .sign_in.views import CorbadoRedirectView
from .webhooks.views import ActionWebhookView

__all__ = [
    "ActionWebhookView",
    "AddPasskeyView",
    "ConnectTokensView",
    "CorbadoRedirectView",
    "FailurePages",
    "LoginView",
    "LogoutView",
    "PasskeysView",
    "RemovePasskeyView",
    "RenamePasskeyView",
]
