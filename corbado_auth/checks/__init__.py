"""System checks; every message has a hint that says what to type.

Errors are what breaks sign-in or makes it unsafe right away; warnings are questions that only the
site can answer. ``--deploy`` runs more of them.
"""

from __future__ import annotations

from django.core.checks import Tags, register

from .admin_sites import check_admin_sites
from .connect import check_connect, check_connect_deployment
from .email_lookups import check_email_lookups
from .headless import check_headless
from .lockout import check_lockout
from .neighbours import check_neighbours
from .notices import check_notices
from .policies import check_policies
from .projects import check_projects, for_each_project
from .recorders import check_recorders
from .site import check_sign_in, check_sign_up, check_site
from .urls import check_urls
from .values import check_deployment, check_values

__all__ = ["register_checks"]


def register_checks() -> None:
    """Register the checks; ``check --tag corbado_auth`` runs those that need no database."""
    checks = (
        check_values,
        check_connect,
        check_site,
        check_urls,
        check_sign_in,
        check_lockout,
        check_policies,
        check_neighbours,
        check_notices,
        check_recorders,
        check_admin_sites,
        check_headless,
    )
    register(check_projects, Tags.security, "corbado_auth")
    for check in checks:
        register(for_each_project(check), Tags.security, "corbado_auth")
    # Django passes databases only when named: check --database default, and migrate.
    # Under a tag of ours, Django 6.1 would query all of them.
    register(check_email_lookups, Tags.database)
    for check in (check_deployment, check_sign_up, check_connect_deployment):
        register(for_each_project(check), Tags.security, "corbado_auth", deploy=True)
