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
at most; this command does the rest. Corbado cannot restore anyone, so it asks
first. Run it from cron, with --yes, unless your site has tasks. Deletions that
fail are left for the next time.
"""
EPILOG = """\
examples:
  python manage.py corbado_delete_pending --dry-run   print how many they are
  python manage.py corbado_delete_pending             ask, and delete all of them
  python manage.py corbado_delete_pending --yes       the same from cron

exit code:
  0  all are deleted
  1  some are left: the log says why
  2  nothing was begun: a wrong option, or nobody agreed
"""


class Command(CorbadoCommand):
    is_about_one_project = True
    help = HELP
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_dry_run(parser, "print how many are left; ask Corbado nothing, change nothing")
        self.add_yes(parser)
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
        waiting = count_pending_deletions() if only else count_everywhere()
        if options["dry_run"]:
            self.stdout.write(f"{waiting:,} to be deleted at Corbado. Nothing was asked.")
            return
        people = "1 user" if waiting == 1 else f"{waiting:,} users"
        self.confirm(f"Delete {people} at Corbado?", yes=options["yes"])
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
