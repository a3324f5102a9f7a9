"""The row with the passkeys that a person had when they were last listed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["KnownPasskeys"]


class KnownPasskeys(models.Model):
    """The passkeys that a Corbado user had when they were last listed.

    Any difference to the next list was added or removed.
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
