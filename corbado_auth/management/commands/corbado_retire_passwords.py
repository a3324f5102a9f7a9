"""``manage.py corbado_retire_passwords``: make passwords that are no longer needed unusable."""

from __future__ import annotations

import csv
import io
import os
import stat
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connections
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from corbado_auth.conf import conf
from corbado_auth.existing_users.report_files import open_report, without_formulas
from corbado_auth.existing_users.retirement import Rule, candidates, retire
from corbado_auth.management.base import CorbadoCommand

HELP = """\
Make the password unusable for people who sign in through Corbado and no longer use it.

Their open sessions end, and from then on Django's password reset sends them nothing: they sign in
with a passkey or a link by email. This cannot be undone, so the command asks first. With --report,
the names are on disk before any password is made unusable.
"""
EPILOG = """\
examples:
  python manage.py corbado_retire_passwords --dry-run --report who.csv
  python manage.py corbado_retire_passwords --sign-ins 5 --days 60
"""

# What a report has of an account.
COLUMNS = ("user_id", "corbado_user_id", "sign_in_count", "last_sign_in_at")
BATCH = 2_000

Row = tuple[Any, ...]
# Writes rows of a report.
Write = Callable[[Iterable[Row]], object]


class Command(CorbadoCommand):
    is_about_one_project = True
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
        self.add_dry_run(parser)
        self.add_yes(parser)
        parser.add_argument(
            "--report", metavar="FILE", help="write these users to FILE as CSV, one row each"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if conf.uses_connect_alone():
            raise CommandError(
                "With Corbado Connect alone, passwords stay: Connect has no link by email, so the "
                "password, or resetting it, is the way back for people who lose a passkey.",
                returncode=2,
            )
        rule = Rule(options["sign_ins"], options["days"], options["include_staff"])
        number = candidates(rule).count()
        if not options["dry_run"]:
            self.confirm(f"Make {_passwords(number)} unusable?", yes=options["yes"])
        try:
            with _report(options["report"], keeps_all=not options["dry_run"]) as write:
                if not options["dry_run"]:
                    number = self._retire(rule, write, number)
                    said = "made unusable."
                else:
                    if options["report"]:
                        number = self._look(rule, write, number)
                    said = "would be made unusable. Nothing was changed."
        except OSError as error:
            raise CommandError(
                f"The report {options['report']} cannot be written: {error.strerror}. No password "
                "was made unusable that the report does not name; run it again to go on."
            ) from error
        self.stdout.write(f"{_passwords(number)} {said}")

    def _retire(self, rule: Rule, write: Write, total: int) -> int:
        batches = retire(rule, lambda accounts: write(map(attrgetter(*COLUMNS), accounts)))
        return sum(map(len, self.watched(batches, total=total, unit="passwords", size=len)))

    def _look(self, rule: Rule, write: Write, total: int) -> int:
        # Tuples: making a million model instances takes longer than reading them.
        accounts = candidates(rule)
        rows: QuerySet[Any, Any] = accounts.values_list(*COLUMNS)
        if connections[accounts.db].vendor == "postgresql":
            # psycopg reads times in Python, which takes as long as everything else.
            at = Cast("last_sign_in_at", TextField())
            rows = accounts.values_list(*COLUMNS[:-1], at)
        found = rows.iterator(chunk_size=BATCH)
        batches = iter(lambda: list(islice(found, BATCH)), [])
        number = 0
        for batch in self.watched(batches, total=total, unit="passwords", size=len):
            write(batch)
            number += len(batch)
        return number


@contextmanager
def _report(path: str | None, *, keeps_all: bool) -> Iterator[Write]:
    """Open the report and yield a function that writes rows to it.

    With ``keeps_all`` they are on the disk when it returns.
    """
    if path is None:
        yield lambda rows: None
        return
    with open_report(Path(path)) as file:
        file.write(_csv([["user", "corbado_user_id", "sign_ins", "last_sign_in_at"]]))

        def write(rows: Iterable[Row]) -> None:
            # The file flushes at every line end, so all of them at once.
            file.write(_csv(map(_cells, rows)))
            file.flush()
            # A pipe has no disk.
            if keeps_all and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                os.fsync(file.fileno())

        yield write


def _passwords(number: int) -> str:
    return "1 password" if number == 1 else f"{number:,} passwords"


def _cells(row: Row) -> list[Any]:
    *ids, sign_ins, last = row
    at = last if isinstance(last, str) else last.isoformat(" ") if last else ""
    return [*without_formulas(ids), sign_ins, at]


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text} is not a whole number above 0")
    return number
