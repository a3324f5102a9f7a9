"""``manage.py corbado_retire_passwords``: make passwords that are no longer needed unusable."""

from __future__ import annotations

import csv
import os
import stat
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from corbado_auth.conf import conf
from corbado_auth.existing_users.report_files import open_report, without_formulas
from corbado_auth.existing_users.retirement import Record, Rule, candidates, retire
from corbado_auth.management.base import CorbadoCommand
from corbado_auth.models import CorbadoAccount

HELP = """\
Make the password unusable for people who sign in through Corbado and no longer use it.

Their open sessions end, and from then on Django's password reset sends them nothing: they sign in
with a passkey or a link by email. This cannot be undone, so the command asks first. With --report,
the names are on disk before a password goes.
"""
EPILOG = """\
examples:
  python manage.py corbado_retire_passwords --dry-run --report who.csv
  python manage.py corbado_retire_passwords --sign-ins 5 --days 60
"""

# What a report has of an account.
COLUMNS = ("user_id", "corbado_user_id", "sign_in_count", "last_sign_in_at")
BATCH = 2_000


class Command(CorbadoCommand):
    help = HELP
    epilog = EPILOG

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
            help="the last one within D days, and no password in D days (default %(default)s)",
        )
        parser.add_argument(
            "--include-staff", action="store_true", help="include staff and superusers"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would happen, change nothing"
        )
        self.add_yes(parser)
        parser.add_argument(
            "--report", metavar="FILE", help="write these users to FILE as CSV, one row each"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if conf.uses_connect_alone():
            raise CommandError(
                "With Corbado Connect alone, passwords stay: Connect has no link by email, so the "
                "password, or resetting it, is the way back for people who lose a passkey."
            )
        rule = Rule(options["sign_ins"], options["days"], options["include_staff"])
        number = candidates(rule).count()
        if not options["dry_run"]:
            self.confirm(f"Make {_passwords(number)} unusable?", yes=options["yes"])
        try:
            with _report(options["report"]) as record:
                if options["dry_run"]:
                    if options["report"]:
                        number = self._look(rule, record, number)
                    said = "would be made unusable. Nothing was changed."
                else:
                    batches = retire(rule, record)
                    done = chain.from_iterable(batches)
                    number = sum(1 for _ in self.watched(done, total=number, unit="passwords"))
                    said = "made unusable."
        except OSError as error:
            raise CommandError(
                f"The report {options['report']} cannot be written: {error.strerror}. No password "
                "was made unusable that the report does not name; run it again to go on."
            ) from error
        self.stdout.write(f"{_passwords(number)} {said}")

    def _look(self, rule: Rule, record: Record, total: int) -> int:
        found = candidates(rule).only(*COLUMNS).iterator(chunk_size=BATCH)
        accounts = iter(self.watched(found, total=total, unit="passwords"))
        number = 0
        while batch := list(islice(accounts, BATCH)):
            record(batch)
            number += len(batch)
        return number


@contextmanager
def _report(path: str | None) -> Iterator[Record]:
    """Open the report and yield a function that writes accounts to it, down to the disk."""
    if path is None:
        yield lambda accounts: None
        return
    with open_report(Path(path)) as file:
        writer = csv.writer(file)
        writer.writerow(["user", "corbado_user_id", "sign_ins", "last_sign_in_at"])

        def record(accounts: Iterable[CorbadoAccount]) -> None:
            writer.writerows(without_formulas(_row(account)) for account in accounts)
            file.flush()
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # A pipe has no disk.
                os.fsync(file.fileno())

        yield record


def _passwords(number: int) -> str:
    return "1 password" if number == 1 else f"{number:,} passwords"


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
        raise ArgumentTypeError(f"{text} is not a whole number above 0")
    return number
