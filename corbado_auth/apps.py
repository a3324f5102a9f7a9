"""The Django app configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.signals import request_finished, request_started
from django.db.models.signals import post_delete
from django.utils.translation import gettext_lazy as _

__all__ = ["CorbadoAuthConfig"]


class CorbadoAuthConfig(AppConfig):
    """The app's configuration: registers its checks and signal receivers."""

    name = "corbado_auth"
    verbose_name = _("Corbado sign-in")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and connect receivers for sign-ins and deletions."""
        from . import counting, db_connections, deletion, history, notices, session
        from .checks import register_checks
        from .existing_users import password_use
        from .models import ConnectAccount, CorbadoAccount
        from .passkeys import nudge
        from .sessions import listing, unlinking
        from .signals import passkey_added, passkey_removed, sign_in_refused
        from .warm_up import warm_up
        from .webhooks import hashes

        register_checks()
        hashes.connect()
        user_logged_in.connect(counting.count_now, dispatch_uid="corbado_auth.counting")
        user_logged_in.connect(session.note_sign_in, dispatch_uid="corbado_auth.session")
        user_logged_in.connect(password_use.note_sign_in, dispatch_uid="corbado_auth.password_use")
        user_logged_in.connect(listing.note_sign_in, dispatch_uid="corbado_auth.listing")
        user_logged_out.connect(listing.note_sign_out, dispatch_uid="corbado_auth.listing")
        user_logged_in.connect(history.note_sign_in, dispatch_uid="corbado_auth.history")
        sign_in_refused.connect(history.note_refusal, dispatch_uid="corbado_auth.history")
        passkey_added.connect(notices.tell_passkey_added, dispatch_uid="corbado_auth.notices")
        passkey_removed.connect(notices.tell_passkey_removed, dispatch_uid="corbado_auth.notices")
        user_logged_in.connect(nudge.consider, dispatch_uid="corbado_auth.nudge")
        request_finished.connect(
            db_connections.end_turn, dispatch_uid="corbado_auth.db_connections"
        )
        request_finished.connect(warm_up, dispatch_uid="corbado_auth.warm_up")
        request_started.connect(deletion.begin_request, dispatch_uid="corbado_auth.deletion")
        request_finished.connect(deletion.end_request, dispatch_uid="corbado_auth.deletion")
        for account in (CorbadoAccount, ConnectAccount):
            post_delete.connect(
                deletion.note_deletion, sender=account, dispatch_uid="corbado_auth.deletion"
            )
            post_delete.connect(
                history.forget_person, sender=account, dispatch_uid="corbado_auth.history"
            )
            post_delete.connect(
                unlinking.note_unlinking, sender=account, dispatch_uid="corbado_auth.sessions"
            )
