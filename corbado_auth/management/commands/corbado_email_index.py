"""``manage.py corbado_email_index``: create the index that lookups by address need."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from corbado_auth.email_index import NAME, EmailIndex
from corbado_auth.management.base import CorbadoCommand

HELP = """\
Create the index that finds local users by their address, ignoring case.

Linking at a first sign-in, the action webhook and the migration look users up that way. Django's
own user table has no index for it, so the database reads every user each time: tens of
milliseconds at 100,000 users, hundreds at a million.

On PostgreSQL the index is created concurrently: the site keeps working, including sign-ups. If it
is stopped half-way, run it again; what was left behind is removed first. If there is an index
already, by any name, nothing is done.
"""
EPILOG = """\
examples:
  python manage.py corbado_email_index --sql    print the statements, change nothing
  python manage.py corbado_email_index

A site with its own user model can declare the index there instead, as shown by the documentation
page "How to give email lookups an index".

The exit code is 0 if lookups have an index (or the statements were printed), 1 if the index could
not be created, 2 if the command could not start.
"""
NOTHING_TO_DO = "Lookups by address already have an index. Nothing to do."


class Command(CorbadoCommand):
    help = HELP
    epilog = EPILOG
    # It has to work while other things are still to be fixed.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sql",
            "--dry-run",
            action="store_true",
            dest="only_print",
            help="print the statements, for psql or your own migration; change nothing",
        )

    def handle(self, *args: Any, only_print: bool, **options: Any) -> None:
        index = self._index()
        try:
            if only_print:
                self._print(index)
            else:
                self._make(index)
        except DatabaseError as error:
            raise CommandError(
                f"The database failed: {str(error).strip()}\n"
                "Nothing else has changed. Run it again, or run the statements that --sql prints "
                "as the owner of the table."
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. Run it again to create the index.") from None

    def _index(self) -> EmailIndex:
        index = EmailIndex.of_site()
        if index is None:
            raise _refusal("The user model has no email field, so there are no lookups by address.")
        if not index.is_known:
            raise _refusal(
                f"We do not know which index {index.connection.vendor} needs. "
                'The documentation page "How to give email lookups an index" shows the query '
                "that it has to support."
            )
        return index

    def _print(self, index: EmailIndex) -> None:
        for statement in (statements := index.statements()):
            self.stdout.write(statement)
        if not statements:
            # Not on stdout: the statements may be piped into another program.
            self.stderr.write(NOTHING_TO_DO)

    def _make(self, index: EmailIndex) -> None:
        if index.connection.in_atomic_block:
            raise _refusal("It cannot run inside a transaction.")
        if (leftover := index.leftover()) and leftover.is_being_made:
            raise CommandError(
                f"Another session is creating {NAME} right now. Wait for it, and run this again to "
                "see whether it succeeded."
            )
        statements = index.statements()
        if not statements:
            self.stdout.write(self.style.SUCCESS(NOTHING_TO_DO))
            return
        if index.connection.vendor == "postgresql":
            self.stdout.write("The site keeps working meanwhile.")
        with index.connection.cursor() as cursor:
            for statement in statements:
                self.stdout.write(statement)
                self.stdout.flush()
                cursor.execute(statement)
        if not index.serves():
            raise CommandError(
                f"The index exists, but {index.connection.vendor} does not use it for "
                'UPPER(email) or LIKE. The documentation page "How to give email lookups an index" '
                "says what that can mean."
            )
        self.stdout.write(self.style.SUCCESS("Lookups by address now have an index."))


def _refusal(message: str) -> CommandError:
    return CommandError(message, returncode=2)
