"""URL patterns of the JSON API; include them under a prefix of your choice: ``auth/api/``."""

from __future__ import annotations

from django.urls import path

from .passkeys import ConnectTokenView, PasskeysView, PasskeyView
from .sign_in import BeginView, ConfirmView, FinishView
from .signed_in import SessionView, SignOutView

app_name = "corbado_auth_headless"

urlpatterns = [
    path("session/", SessionView.as_view(), name="session"),
    path("sign-in/", BeginView.as_view(), name="begin"),
    path("sign-in/finish/", FinishView.as_view(), name="finish"),
    path("sign-in/confirm/", ConfirmView.as_view(), name="confirm"),
    path("sign-out/", SignOutView.as_view(), name="sign-out"),
    path("passkeys/", PasskeysView.as_view(), name="passkeys"),
    path("passkeys/connect-token/", ConnectTokenView.as_view(), name="connect-token"),
    path("passkeys/<slug:passkey_id>/", PasskeyView.as_view(), name="passkey"),
]
