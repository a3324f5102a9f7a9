"""What ``manage.py check`` says about a site: every message has a hint with what to type.

Errors are what keeps sign-in from working or makes it unsafe at once; warnings are questions that
only the site can answer. ``--deploy`` asks more.
"""

from __future__ import annotations

from django.core.checks import Tags, register

from .connect import check_connect, check_connect_deployment
from .email_lookups import check_email_lookups
from .lockout import check_lockout
from .policies import check_policies
from .recorders import check_recorders
from .site import check_sign_in, check_site
from .values import check_deployment, check_values

__all__ = ["register_checks"]


def register_checks() -> None:
    """Let Django run the checks; ``check --tag corbado_auth`` runs all that ask no database."""
    checks = (
        check_values,
        check_connect,
        check_site,
        check_sign_in,
        check_lockout,
        check_policies,
        check_recorders,
    )
    for check in checks:
        register(check, Tags.security, "corbado_auth")
    # Django asks databases only where somebody names them: check --database default, and migrate.
    # Under a tag of ours, Django 6.1 would ask all of them.
    register(check_email_lookups, Tags.database)
    for check in (check_deployment, check_connect_deployment):
        register(check, Tags.security, "corbado_auth", deploy=True)
