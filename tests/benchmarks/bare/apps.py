"""The app as Django sees it."""

from __future__ import annotations

from django.apps import AppConfig


class BareConfig(AppConfig):
    """Give the label a name that no other app of the tests has."""

    name = "tests.benchmarks.bare"
    label = "bare_sign_in"
    default_auto_field = "django.db.models.BigAutoField"
