"""The rows about a person's passkeys: which ones there were, and what they are called."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["KnownPasskeys", "PasskeyName"]

LONGEST_NAME = 64


class KnownPasskeys(models.Model):
    """The passkeys that a Corbado user had when they were last listed.

    Any difference from the next list was added or removed.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="corbado_known_passkeys",
        verbose_name=_("user"),
    )
    project_id = models.CharField(_("Corbado project ID"), max_length=64)
    corbado_user_id = models.CharField(_("Corbado user ID"), max_length=64)
    # Sorted and separated by spaces: the database compares them as a whole.
    passkey_ids = models.TextField(_("passkeys"), blank=True)
    seen_at = models.DateTimeField(_("seen"), default=timezone.now)

    class Meta:
        verbose_name = _("known passkeys")
        verbose_name_plural = _("known passkeys")
        constraints = [
            models.UniqueConstraint(
                fields=["project_id", "corbado_user_id"], name="corbado_known_passkeys_of"
            ),
        ]

    def __str__(self) -> str:
        return self.passkey_ids


class PasskeyName(models.Model):
    """The name that a person gave to a passkey; Corbado has no place for it."""

    account = models.ForeignKey(
        "corbado_auth.CorbadoAccount",
        on_delete=models.CASCADE,
        related_name="passkey_names",
        verbose_name=_("account"),
    )
    passkey_id = models.CharField(_("passkey"), max_length=64)
    name = models.CharField(_("name"), max_length=LONGEST_NAME)

    class Meta:
        verbose_name = _("passkey name")
        verbose_name_plural = _("passkey names")
        constraints = [
            models.UniqueConstraint(fields=["account", "passkey_id"], name="corbado_passkey_name"),
        ]

    def __str__(self) -> str:
        return self.name
