"""`manage.py corbado_retire_passwords`: make passwords unusable that nobody needs any more."""

from __future__ import annotations

import csv
from argparse import ArgumentTypeError
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corbado_auth.existing_users.report_files import open_report, without_formulas
from corbado_auth.existing_users.retirement import Rule, candidates, retire
from corbado_auth.models import CorbadoAccount


class Command(BaseCommand):
    help = (
        "Make the password unusable for people who sign in through Corbado and no longer use it. "
        "By default this is a dry run that changes nothing; --apply does it. Their open sessions "
        "end, and Django's password reset sends them nothing from then on: they come in with a "
        "passkey or with a link by email."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sign-ins",
            type=_positive,
            default=Rule().sign_ins,
            metavar="N",
            help="at least N sign-ins through Corbado (default %(default)s)",
        )
        parser.add_argument(
            "--days",
            type=_positive,
            default=Rule().days,
            metavar="D",
            help="the last one within D days, and no password for D days (default %(default)s)",
        )
        parser.add_argument(
            "--include-staff", action="store_true", help="staff and superusers, too"
        )
        parser.add_argument("--apply", action="store_true", help="do it")
        parser.add_argument(
            "--report", metavar="FILE", help="write who it is to FILE, as CSV, one row a user"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        rule = Rule(options["sign_ins"], options["days"], options["include_staff"])
        accounts = retire(rule) if options["apply"] else candidates(rule).iterator()
        number = self._report(accounts, options["report"])
        people = "1 password" if number == 1 else f"{number:,} passwords"
        if options["apply"]:
            self.stdout.write(f"{people} made unusable.")
        else:
            self.stdout.write(f"{people} would be made unusable. Nothing was changed: add --apply.")

    def _report(self, accounts: Iterable[CorbadoAccount], path: str | None) -> int:
        """Count the accounts as they come; opened first, the report has every one of them."""
        if path is None:
            return sum(1 for _account in accounts)
        try:
            with open_report(Path(path)) as file:
                writer = csv.writer(file)
                writer.writerow(["user", "corbado_user_id", "sign_ins", "last_sign_in_at"])
                return sum(1 for each in accounts if writer.writerow(without_formulas(_row(each))))
        except OSError as error:
            raise CommandError(f"The report {path} cannot be written: {error.strerror}.") from error


def _row(account: CorbadoAccount) -> list[Any]:
    last = account.last_sign_in_at
    return [
        account.user_id,
        account.corbado_user_id,
        account.sign_in_count,
        last.isoformat() if last else "",
    ]


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text} is not a whole number from 1")
    return number
