"""``manage.py corbado_delete_pending``: delete users at Corbado who are deleted here already."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.deletion import (
    count_everywhere,
    count_pending_deletions,
    retry_deletions,
    retry_everywhere,
)
from corbado_auth.management.base import CorbadoCommand

HELP = """\
Delete users at Corbado who are deleted here already, if your backend sets
delete_at_corbado = True. A request that deletes users spends two seconds on it
at most; this command does the rest. Run it from cron, unless your site has
tasks. Those that fail are left for the next time.
"""
EPILOG = """\
examples:
  corbado_delete_pending             delete all of them
  corbado_delete_pending --dry-run   print how many they are

exit code:
  0  all are deleted
  1  some are left: the log says why
"""


class Command(CorbadoCommand):
    is_about_one_project = True
    help = HELP
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="print how many are left; ask and change nothing"
        )
        parser.add_argument(
            "--rate",
            type=_rate,
            default=5.0,
            metavar="N",
            help="requests per second (default %(default)s)",
        )

    def needs_project(self, options: Mapping[str, Any]) -> bool:
        """Return False: without the option, each project has its turn."""
        return False

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        only = options["project"]
        if options["dry_run"]:
            waiting = count_pending_deletions() if only else count_everywhere()
            self.stdout.write(f"{waiting:,} to be deleted at Corbado. Nothing was asked.")
            return
        retry = retry_deletions if only else retry_everywhere
        retried = retry(lambda: time.sleep(1 / options["rate"]))
        self.stdout.write(f"{retried.deleted:,} deleted at Corbado.")
        if retried.kept:
            raise CommandError(
                f"{retried.kept:,} still to be deleted at Corbado: the log says why. "
                "Run this again later."
            )


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate <= 100_000:
        raise ArgumentTypeError(f"{text!r} is not a number of requests per second above 0")
    return rate
