"""``manage.py corbado_migration_status``: how far the user base has come."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from corbado_auth.existing_users.adoption import Adoption, measure
from corbado_auth.management.base import CorbadoCommand

# With the numbers beside it, a line fits 80 columns.
BAR = 30


class Command(CorbadoCommand):
    is_about_one_project = True
    help = (
        "Show how far the users of this site have moved to Corbado: how many have an account, "
        "have signed in with it, still use a password, or were refused by corbado_migrate_users, "
        "and the first sign-ins of the last twelve weeks. It changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        adoption = measure()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(adoption), indent=2, default=str))
            return
        for line in (*_counts(adoption), "", *_refused(adoption), *_chart(adoption)):
            self.stdout.write(line)


def _counts(adoption: Adoption) -> list[str]:
    rows = [
        ("Users", adoption.users),
        ("Have a Corbado account", adoption.moved),
        ("Have signed in with it", adoption.signed_in),
        ("... and were users here before", adoption.signed_in - adoption.new_users),
        ("... and signed up with it", adoption.new_users),
        ("... and used a password since", adoption.used_password_since),
    ]
    return [f"{name:<32}{number:>12,}{adoption.share(number):>9.1%}" for name, number in rows]


def _refused(adoption: Adoption) -> list[str]:
    if not adoption.refused:
        return []
    rows = [f"  {reason:<30}{number:>12,}" for reason, number in adoption.refused.items()]
    return ["Refused by corbado_migrate_users", *rows, ""]


def _chart(adoption: Adoption) -> list[str]:
    """Draw the share of users who had signed in by the end of each week."""
    lines = [f"{'Week of':<12}{'first sign-ins':>15}{'in all':>12}   of all users"]
    for week in adoption.weeks:
        share = adoption.share(week.total)
        filled = min(BAR, round(share * BAR))
        bar = "#" * filled + "." * (BAR - filled)
        numbers = f"{week.first_sign_ins:>15,}{week.total:>12,}"
        lines.append(f"{week.monday:%Y-%m-%d}  {numbers}   {bar} {share:.1%}")
    return lines
