"""The row that links a Corbado user to a local user, and nothing more."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Account(models.Model):
    """The link of one Corbado user to one local user."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    corbado_user_id = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.corbado_user_id
