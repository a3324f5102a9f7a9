"""Customers and employees in one table, and a manager that hides people who have left."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangosManager
from django.db import models
from polymorphic.managers import PolymorphicManager
from polymorphic.models import PolymorphicModel


class UserManager(PolymorphicManager, DjangosManager):
    """Current users, each as an instance of their own class."""

    def get_queryset(self) -> Any:
        """Leave out people who have left."""
        return super().get_queryset().filter(has_left=False)


class User(PolymorphicModel, AbstractUser):
    """A customer."""

    has_left = models.BooleanField(default=False)

    objects = UserManager()

    class Meta:
        swappable = "AUTH_USER_MODEL"


class Employee(User):
    """Someone who works here."""

    desk = models.CharField(max_length=10)
