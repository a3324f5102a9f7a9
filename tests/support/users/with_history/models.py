"""A user model with django-simple-history."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from simple_history.models import HistoricalRecords


class User(AbstractUser):
    """Someone whose row has a history."""

    history = HistoricalRecords(excluded_fields=["last_login"])
