"""The views that a site names in its URLconf or subclasses."""

from __future__ import annotations

from .passkeys.views import AddPasskeyView, AnswerNudgeView, PasskeysView, RemovePasskeyView
from .sign_in.views import ConfirmView, CorbadoRedirectView, LoginView, LogoutView
from .webhooks.views import ActionWebhookView

__all__ = [
    "ActionWebhookView",
    "AddPasskeyView",
    "AnswerNudgeView",
    "ConfirmView",
    "CorbadoRedirectView",
    "LoginView",
    "LogoutView",
    "PasskeysView",
    "RemovePasskeyView",
]
