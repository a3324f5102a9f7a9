"""System checks; every message has a hint that says what to type.

Errors are what breaks sign-in or makes it unsafe right away; warnings are questions that only the
site can answer. ``--deploy`` runs more of them. They are imported when they run: a server that
starts runs none, and would wait for them.
"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, register

__all__ = ["register_checks"]


def register_checks() -> None:
    """Register the checks; ``check --tag corbado_auth`` runs those that need no database."""
    register(_check, Tags.security, "corbado_auth")
    # Django passes databases only when named: check --database default, and migrate.
    # Under a tag of ours, Django 6.1 would query all of them.
    register(_check_database, Tags.database)
    register(_check_deployment, Tags.security, "corbado_auth", deploy=True)


def _check(**given: Any) -> list[CheckMessage]:
    from . import registered

    return registered.run(registered.EVERYWHERE, **given)


def _check_database(**given: Any) -> list[CheckMessage]:
    from . import registered

    return registered.run(registered.DATABASE, **given)


def _check_deployment(**given: Any) -> list[CheckMessage]:
    from . import registered

    return registered.run(registered.DEPLOYMENT, **given)
