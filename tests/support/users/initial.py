"""The first migration of a user model of the tests, made from the model as it stands."""

from __future__ import annotations

from django.apps import apps
from django.db.migrations import CreateModel, Migration
from django.db.migrations.state import ModelState


def initial_migration(app_label: str, *names: str) -> type[Migration]:
    """Return the class that an app's ``0001_initial`` needs; ``User`` is its only model."""
    states = [ModelState.from_model(apps.get_model(app_label, each)) for each in names or ["User"]]
    create = [
        CreateModel(
            state.name, list(state.fields.items()), state.options, state.bases, state.managers
        )
        for state in states
    ]
    body = {"initial": True, "dependencies": [("auth", "__latest__")], "operations": create}
    return type("Migration", (Migration,), body)
