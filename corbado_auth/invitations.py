"""Invitations: links by email with which staff link their account."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .conf import conf
from .managers import ProjectQuerySet

__all__ = ["StaffInvitation"]


class StaffInvitationQuerySet(ProjectQuerySet["StaffInvitation"]):
    """A queryset of invitations, which also creates them and uses them up."""

    def invite(self, user: AbstractBaseUser, *, expires_at: datetime) -> str:
        """Return the secret of a new link for this user, which replaces any older one."""
        secret = token_urlsafe(32)
        self.current().update_or_create(
            user_id=user.pk,
            project_id=conf.CORBADO_PROJECT_ID,
            defaults={"digest": _digest(secret), "expires_at": expires_at},
        )
        return secret

    def find(self, secret: str) -> StaffInvitation | None:
        """Return the invitation with this secret, and its user, or None if it is not valid."""
        valid = self.current().filter(digest=_digest(secret), expires_at__gt=timezone.now())
        return valid.select_related("user").first()

    def use_up(self, invitation: StaffInvitation) -> bool:
        """Delete an invitation; False if someone else has used it, or it was replaced."""
        left = self.current().filter(pk=invitation.pk, digest=invitation.digest)
        return bool(left.delete()[0])


class StaffInvitation(models.Model):
    """An emailed link that lets one staff member link their account at the next sign-in.

    Only a digest of what is in the link is kept; the row is deleted when it is used.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="corbado_invitations",
        verbose_name=_("user"),
    )
    project_id = models.CharField(_("Corbado project ID"), max_length=64)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    expires_at = models.DateTimeField(_("expires"))

    objects = StaffInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("staff invitation")
        verbose_name_plural = _("staff invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["project_id", "user"], name="corbado_invitation_local_user"
            ),
        ]

    def __str__(self) -> str:
        return str(self.expires_at)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
