"""The app under a label of its own: the package's is ``polymorphic``."""

from __future__ import annotations

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Customers and employees."""

    name = "tests.support.users.polymorphic"
    label = "users_polymorphic"
