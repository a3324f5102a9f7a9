"""``manage.py corbado_migrate_users``: move existing users before their first sign-in."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import (
    CommandError,
    CommandParser,
    SystemCheckError,
)
from django.db import Error
from django.db.models import QuerySet

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.deletion import count_pending_deletions, retry_deletions
from corbado_auth.existing_users.bulk.lease import Lease, LeaseHeld
from corbado_auth.existing_users.bulk.progress import Progress
from corbado_auth.existing_users.bulk.rate_limit import (
    RateLimiter,
    StopFlag,
    Stopped,
    stopped_by_signals,
)
from corbado_auth.existing_users.bulk.report import Report
from corbado_auth.existing_users.bulk.run import MAX_CONCURRENCY, BulkMigration
from corbado_auth.existing_users.bulk.scope import Scope
from corbado_auth.existing_users.migration import UserMigration, user_migration_class
from corbado_auth.existing_users.outcomes import MOVED, Outcome
from corbado_auth.management.base import CorbadoCommand

HELP = """\
Create a Corbado user for every existing user who may have one, and link the two, so that the first
sign-in through Corbado finds the existing user. No email is sent, and passwords keep working.

Start with --dry-run: it asks Corbado nothing and changes nothing. The real run can be undone:
unlink accounts in the admin, and delete the users in Corbado's panel. So it begins without a
question, unless it would first delete people at Corbado who are deleted here; --yes agrees to that.

A run can be stopped at any point (Ctrl-C, SIGTERM, a crash) and run again: the database knows how
far it got, and requests whose answer was lost are looked up at Corbado before they are repeated.
There is one run at a time; a second one says who is running, and exits.
"""
EPILOG = """\
examples:
  python manage.py corbado_migrate_users --dry-run --report before.csv
  python manage.py corbado_migrate_users --limit 50 --report first.csv
  python manage.py corbado_migrate_users --rate 20 --report all.csv
  python manage.py corbado_migrate_users --emails-from colleagues.txt --include-staff

Each user is created at Corbado; or linked, if a Corbado user has confirmed the address; or skipped
(already moved, inactive, staff); or refused, with a reason in the report and the summary.

The exit code is 0 if nobody was refused, 1 if someone was, 2 if the run was stopped or could not
start.
"""
STOPPED = 2


class Command(CorbadoCommand):
    is_about_one_project = True
    help = HELP
    epilog = EPILOG
    # Run below, since a failed check has to end with the exit code for "could not start".
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        self.add_dry_run(parser)
        self.add_yes(parser)
        add("--limit", type=_positive, metavar="N", help="ask Corbado about N users at most")
        add(
            "--filter",
            action="append",
            default=[],
            metavar="NAME",
            help="narrow the users down by a method that the migration class lists in `filters`; "
            "may be given several times",
        )
        add(
            "--emails-from",
            type=Path,
            metavar="FILE",
            help="move only users with these addresses, one per line",
        )
        add("--include-staff", action="store_true", help="move staff and superusers, too")
        add(
            "--concurrency",
            type=_positive,
            default=8,
            metavar="N",
            help=f"requests in flight, 1 to {MAX_CONCURRENCY} (default %(default)s)",
        )
        add(
            "--rate",
            type=_rate,
            default=5.0,
            metavar="N",
            help="requests per second (default %(default)s). The limits that Corbado has published "
            "are 10 and 200: ask which one applies to you",
        )
        add(
            "--report",
            type=Path,
            metavar="FILE",
            help="write a row for each user to FILE (.csv, .json or .jsonl), replacing it; "
            "users are identified by primary key",
        )
        add("--report-emails", action="store_true", help="include addresses in the report")

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._move(options)
        except LeaseHeld as error:
            raise _refusal(str(error)) from None
        except Error as error:
            raise _refusal(
                f"The database failed ({type(error).__name__}). Does it answer, and has manage.py "
                "migrate been run? Nothing is lost: run this again afterwards."
            ) from error

    def _move(self, options: dict[str, Any]) -> None:
        migration = self._migration(options)
        scope = Scope(self._users(migration, options["filter"]), self._addresses(options))
        dry_run = options["dry_run"]
        deletions = 0 if dry_run else count_pending_deletions()
        if deletions:
            question = f"First delete {deletions:,} users at Corbado who are deleted here?"
            self.confirm(question, yes=options["yes"])
        stop = StopFlag()
        rate = RateLimiter(options["rate"], stop)
        with ExitStack() as stack:
            stack.enter_context(stopped_by_signals(stop))
            # Before anything is written: the report may belong to the run that holds the lease.
            lease = None if dry_run else stack.enter_context(Lease(stop))
            report = self._report(options)
            if report:
                stack.callback(self._write, report.close, options, stop)
            progress = stack.enter_context(closing(self._progress(scope, options)))

            def note(user: Any, outcome: Outcome) -> None:
                if report:
                    self._write(partial(report.add, user, outcome), options, stop)
                progress.add(outcome, counts=not options["limit"] or _is_asked(outcome))

            run = BulkMigration(
                migration,
                rate,
                stop,
                note,
                concurrency=options["concurrency"],
                limit=options["limit"],
                keep_lease=lease.renew_in_time if lease else lambda: None,
            )
            if lease is None:
                run.dry_run(scope)
            else:
                self._retry_deletions(rate, lease)
                run.run(scope)
        self._sum_up(progress, scope, dry_run=dry_run)
        if stop:
            again = "" if dry_run else " Nothing is lost: run it again to go on."
            raise CommandError(f"Stopped. {stop.reason}{again}", returncode=STOPPED)
        if refused := progress.number("refused"):
            what = "would be refused" if dry_run else "refused"
            raise CommandError(
                f"{refused:,} {what}. The documentation page "
                '"How to move existing users over in bulk" says what to do about each reason.'
            )

    # What the run needs ------------------------------------------------------------------------

    def _migration(self, options: dict[str, Any]) -> UserMigration:
        if options["concurrency"] > MAX_CONCURRENCY:
            raise _refusal(f"--concurrency must be 1 to {MAX_CONCURRENCY}.")
        try:
            self.check()
            migration = user_migration_class()()
        except SystemCheckError as error:
            raise _refusal(str(error)) from error
        except ImproperlyConfigured as error:
            raise _refusal(str(error)) from error
        migration.include_staff |= options["include_staff"]
        return migration

    def _users(self, migration: UserMigration, names: Sequence[str]) -> QuerySet[Any]:
        users = migration.get_queryset()
        for name in names:
            if name not in migration.filters:
                known = ", ".join(migration.filters) or "none"
                raise _refusal(
                    f"--filter {name}: {type(migration).__name__}.filters does not list it "
                    f"(listed: {known})."
                )
            users = getattr(migration, name)(users)
        if users.query.is_sliced:
            raise _refusal("get_queryset() must not return a slice: use --limit.")
        if users.query.combinator:
            raise _refusal("get_queryset() must not return a union: filter with | or Q().")
        return users

    def _addresses(self, options: dict[str, Any]) -> list[str] | None:
        path = options["emails_from"]
        if path is None:
            return None
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise _refusal(f"--emails-from {path} cannot be read: {_why(error)}.") from error
        addresses = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if not addresses:
            raise _refusal(f"--emails-from {path} contains no address.")
        return addresses

    def _report(self, options: dict[str, Any]) -> Report | None:
        path = options["report"]
        if path is None:
            return None
        try:
            return Report(path, emails=options["report_emails"])
        except (OSError, ValueError) as error:
            raise _refusal(f"--report {path}: {_why(error)}.") from error

    def _write(self, work: Callable[[], None], options: dict[str, Any], stop: StopFlag) -> None:
        """Write to the report, and stop the run if that fails: the disk may be full."""
        try:
            work()
        except OSError as error:
            stop.stop(f"The report {options['report']} cannot be written: {_why(error)}.")

    def _progress(self, scope: Scope, options: dict[str, Any]) -> Progress:
        total = scope.count()
        total = min(total, options["limit"] or total)
        say = self.stdout.write if options["verbosity"] else None
        return Progress(total, say, sys.stderr)

    def _retry_deletions(self, rate: RateLimiter, lease: Lease) -> None:
        """First delete Corbado users whose local users are gone: an address may be in use again."""

        def take_turn() -> None:
            lease.renew_in_time()
            rate.take_turn()

        with suppress(Stopped):
            retried = retry_deletions(take_turn)
            if retried.deleted:
                self.stdout.write(
                    f"{retried.deleted:>9,} deleted at Corbado (already deleted here)"
                )
            if retried.kept:
                self.stdout.write(f"{retried.kept:>9,} still to be deleted at Corbado")

    # What it says at the end -------------------------------------------------------------------

    def _sum_up(self, progress: Progress, scope: Scope, *, dry_run: bool) -> None:
        say = self.stdout.write
        kinds = ["eligible"] if dry_run else ["created", "linked"]
        for line in progress.summary(*kinds, "skipped", "refused"):
            say(line)
        if scope.unknown_addresses:
            say(f"{len(scope.unknown_addresses):>9,} addresses in the file that no user here has")
        if dry_run:
            if deletions := count_pending_deletions():
                say(f"{deletions:>9,} to be deleted at Corbado (already deleted here)")
            say("Nothing was asked and nothing was changed.")


def _is_asked(outcome: Outcome) -> bool:
    return outcome.kind in {*MOVED, "eligible"}


def _refusal(message: str) -> CommandError:
    return CommandError(message, returncode=STOPPED)


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate <= 100_000:
        raise ArgumentTypeError(f"{text!r} is not a number of requests per second above 0")
    return rate
