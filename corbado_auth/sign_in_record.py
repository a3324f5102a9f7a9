"""The rows about sign-ins: the history, and the sessions that they began."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["ListedSession", "SignInRecord"]


class SignInRecord(models.Model):
    """A sign-in, or a refusal, where CORBADO_SIGN_IN_HISTORY is on.

    ``user`` is None for a person who was refused and is not linked to anyone here.
    """

    class Outcome(models.TextChoices):
        """What became of a sign-in."""

        SIGNED_IN = "signed_in", _("Signed in")
        REFUSED = "refused", _("Refused")

    class Method(models.TextChoices):
        """How the person signed in: ``corbado`` is a passkey or a link by email."""

        PASSKEY = "passkey", _("Passkey")
        CORBADO = "corbado", _("Passkey or link by email")
        OTHER = "other", _("Password, or another way")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="corbado_sign_ins",
        verbose_name=_("user"),
    )
    # Empty where nothing says which of several projects is in effect.
    project_id = models.CharField(_("Corbado project ID"), max_length=64, blank=True)
    corbado_user_id = models.CharField(_("Corbado user ID"), max_length=64, blank=True)
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    method = models.CharField(_("method"), max_length=8, choices=Method.choices, blank=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        indexes = [
            # For rows without a local user.
            models.Index(fields=["corbado_user_id"], name="corbado_sign_in_corbado_user"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.reason}".strip()


class ListedSession(models.Model):
    """A session that began with a sign-in, where CORBADO_SESSION_LIST is on.

    The session itself is wherever SESSION_ENGINE keeps it, so a row may outlive it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="corbado_sessions",
        verbose_name=_("user"),
    )
    session_key = models.CharField(_("session key"), max_length=40, unique=True)
    signed_in_at = models.DateTimeField(_("signed in"))
    user_agent = models.CharField(_("browser"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("listed session")
        verbose_name_plural = _("listed sessions")

    def __str__(self) -> str:
        return str(self.signed_in_at)
