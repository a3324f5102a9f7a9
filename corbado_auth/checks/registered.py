"""All checks, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage

from .admin_sites import check_admin_sites
from .connect import check_connect, check_connect_deployment
from .email_lookups import check_email_lookups
from .headless import check_headless
from .lockout import check_lockout
from .neighbours import check_neighbours
from .notices import check_notices
from .policies import check_policies
from .projects import Check, check_projects, for_each_project
from .recorders import check_recorders
from .site import check_sign_in, check_sign_up, check_site
from .urls import check_urls
from .values import check_deployment, check_values

__all__ = ["DATABASE", "DEPLOYMENT", "EVERYWHERE", "run"]

EVERYWHERE: tuple[Check, ...] = (
    check_projects,
    *map(
        for_each_project,
        (
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
        ),
    ),
)
DATABASE: tuple[Check, ...] = (check_email_lookups,)
DEPLOYMENT: tuple[Check, ...] = tuple(
    map(for_each_project, (check_deployment, check_sign_up, check_connect_deployment))
)


def run(checks: Iterable[Check], **given: Any) -> list[CheckMessage]:
    """Return what all of them report."""
    return [message for check in checks for message in check(**given)]
