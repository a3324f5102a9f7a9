"""URL patterns; include them under a prefix of your choice, such as ``corbado/``."""

from __future__ import annotations

from django.urls import path

from . import views
from .connect.login import ConnectLoginView
from .connect.problems import ConnectProblemsView
from .connect.views import ConnectConfirmView, ConnectPasskeysView
from .passkeys.views import AnswerNudgeView, RenamePasskeyView
from .session_views import SessionsView
from .sign_in.confirm import ConfirmView
from .sign_in.confirm_email import ConfirmEmailView
from .sign_in.invited import InvitationView
from .sign_in.refusals import LinkAccountView
from .step_up.views import KeptPostView, StepUpView
from .webhooks.events import EventWebhookView
from .webhooks.identifier import ConnectIdentifierView

app_name = "corbado_auth"

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("redirect/", views.CorbadoRedirectView.as_view(), name="redirect"),
    path("confirm/", ConfirmView.as_view(), name="confirm"),
    path("confirm-email/", ConfirmEmailView.as_view(), name="confirm-email"),
    path("link-account/", LinkAccountView.as_view(), name="link-account"),
    path("invitation/", InvitationView.as_view(), name="invitation"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("sessions/", SessionsView.as_view(), name="sessions"),
    path("step-up/", StepUpView.as_view(), name="step-up"),
    path("step-up/form/", KeptPostView.as_view(), name="kept-post"),
    path("passkeys/", views.PasskeysView.as_view(), name="passkeys"),
    path("passkeys/add/", views.AddPasskeyView.as_view(), name="add-passkey"),
    path("passkeys/nudge/", AnswerNudgeView.as_view(), name="answer-nudge"),
    path(
        "passkeys/<slug:passkey_id>/remove/",
        views.RemovePasskeyView.as_view(),
        name="remove-passkey",
    ),
    path(
        "passkeys/<slug:passkey_id>/rename/",
        RenamePasskeyView.as_view(),
        name="rename-passkey",
    ),
    path("connect/login/", ConnectLoginView.as_view(), name="connect-login"),
    path("connect/confirm/", ConnectConfirmView.as_view(), name="connect-confirm"),
    path("connect/passkeys/", ConnectPasskeysView.as_view(), name="connect-passkeys"),
    path("connect/problems/", ConnectProblemsView.as_view(), name="connect-problems"),
    path("connect/tokens/", views.ConnectTokensView.as_view(), name="connect-tokens"),
    path("webhooks/actions/", views.ActionWebhookView.as_view(), name="action-webhook"),
    path("webhooks/events/", EventWebhookView.as_view(), name="event-webhook"),
    path(
        "webhooks/connect/identifier/",
        ConnectIdentifierView.as_view(),
        name="connect-identifier",
    ),
]
