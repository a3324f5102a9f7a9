"""``manage.py corbado_prune_history``: delete old rows of the sign-in history."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from corbado_auth.history import prune, records_before
from corbado_auth.management.base import CorbadoCommand

MOST_DAYS = 36_500
# Seconds between two progress lines.
INTERVAL = 2.0


class Command(CorbadoCommand):
    help = """\
Delete rows of the sign-in history (CORBADO_SIGN_IN_HISTORY) that are too old.

They contain people's IP addresses and browsers, so keep them no longer than you
need them: run this from cron, with --yes, since it asks first. It deletes a
thousand rows at a time, and can be stopped and run again.
"""
    epilog = """\
examples:
  python manage.py corbado_prune_history --older-than 90 --dry-run
  python manage.py corbado_prune_history --older-than 90
  python manage.py corbado_prune_history --older-than 90 --yes   from cron
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=int,
            required=True,
            metavar="DAYS",
            help="delete rows older than this",
        )
        self.add_dry_run(parser, "show how many rows these are")
        self.add_yes(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["older_than"]
        if not 0 <= days <= MOST_DAYS:
            raise CommandError(f"--older-than must be 0 to {MOST_DAYS} days.", returncode=2)
        moment = timezone.now() - timedelta(days=days)
        number = records_before(moment).count()
        if options["dry_run"]:
            self.stdout.write(f"Would delete {number} rows.")
            return
        rows = "1 row" if number == 1 else f"{number:,} rows"
        self.confirm(f"Delete {rows} of the sign-in history?", yes=options["yes"])
        deleted, said_at = 0, time.monotonic()
        for number in prune(moment):
            deleted += number
            if time.monotonic() - said_at >= INTERVAL:
                said_at = time.monotonic()
                self.stderr.write(f"{deleted} rows deleted so far …")
        self.stdout.write(f"Deleted {deleted} rows.")
