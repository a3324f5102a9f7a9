"""The views that a site names in its URLconf or subclasses."""

from __future__ import annotations

from .connect.login import ConnectLoginView
from .connect.tokens import ConnectTokensView
from .connect.views import ConnectConfirmView, ConnectPasskeysView
from .passkeys.views import AddPasskeyView, PasskeysView, RemovePasskeyView
from .session_views import SessionsView
from .sign_in.failures import FailurePages
from .sign_in.login import LoginView, LogoutView
from .sign_in.views import CorbadoRedirectView
from .step_up.views import StepUpView
from .webhooks.identifier import ConnectIdentifierView
from .webhooks.views import ActionWebhookView

__all__ = [
    "ActionWebhookView",
    "AddPasskeyView",
    "ConnectConfirmView",
    "ConnectIdentifierView",
    "ConnectLoginView",
    "ConnectPasskeysView",
    "ConnectTokensView",
    "CorbadoRedirectView",
    "FailurePages",
    "LoginView",
    "LogoutView",
    "PasskeysView",
    "RemovePasskeyView",
    "SessionsView",
    "StepUpView",
]
