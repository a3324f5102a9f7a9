"""What the shop knows of its customers beyond Django's user."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Profile(models.Model):
    """What a customer wants of the shop."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    wants_to_leave = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"profile of user {self.user_id}"


class Order(models.Model):
    """What a customer has bought."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="orders"
    )

    def __str__(self) -> str:
        return f"order {self.pk}"


class EmailAddress(models.Model):
    """An address of a customer, and whether they have proved that they own it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    email = models.EmailField()
    verified = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.email
