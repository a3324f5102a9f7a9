"""`manage.py corbado_email_index`: make the index that lookups by address need."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from corbado_auth.email_index import NAME, EmailIndex
from corbado_auth.management.base import CorbadoCommand

HELP = """\
Make the index that finds local users by their address, ignoring case.

Linking at a first sign-in, the action webhook and the migration look users up that way. Django's
own user table has no index for it, so the database reads every user each time: tens of
milliseconds at 100,000 users, hundreds at a million.

On PostgreSQL the index is made concurrently: the site goes on working, sign-ups included. If it is
stopped half-way, run it again; what was left behind is removed first. If there is an index already,
by any name, nothing is done.
"""
EPILOG = """\
examples:
  python manage.py corbado_email_index --sql    print the statements, change nothing
  python manage.py corbado_email_index

A site with a user model of its own can declare the index there instead, as the documentation page
"How to give email lookups an index" shows.

The exit code is 0 if lookups have an index (or the statements were printed), 1 if the index could
not be made, 2 if there was nothing to begin with.
"""
NOTHING_TO_DO = "Lookups by address have an index already. Nothing to do."


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
            help="print the statements, for psql or for a migration of yours; change nothing",
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
                "as somebody who owns the table."
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. Run it again to make the index.") from None

    def _index(self) -> EmailIndex:
        index = EmailIndex.of_site()
        if index is None:
            raise _refusal("The user model has no email field, so nobody is looked up by address.")
        if not index.is_known:
            raise _refusal(
                f"What index {index.connection.vendor} needs is not known here. "
                'The documentation page "How to give email lookups an index" shows the query '
                "that it has to serve."
            )
        return index

    def _print(self, index: EmailIndex) -> None:
        for statement in (statements := index.statements()):
            self.stdout.write(statement)
        if not statements:
            # Not among the statements: they may be on their way into another program.
            self.stderr.write(NOTHING_TO_DO)

    def _make(self, index: EmailIndex) -> None:
        if index.connection.in_atomic_block:
            raise _refusal("It cannot run inside a transaction.")
        if (leftover := index.leftover()) and leftover.is_being_made:
            raise CommandError(
                f"Somebody else is making {NAME} at this moment. Wait for them; run it again to "
                "see whether they came to an end."
            )
        statements = index.statements()
        if not statements:
            self.stdout.write(self.style.SUCCESS(NOTHING_TO_DO))
            return
        if index.connection.vendor == "postgresql":
            self.stdout.write("The site goes on working meanwhile.")
        with index.connection.cursor() as cursor:
            for statement in statements:
                self.stdout.write(statement)
                self.stdout.flush()
                cursor.execute(statement)
        if not index.serves():
            raise CommandError(
                f"The index is there, and {index.connection.vendor} does not use it for "
                'UPPER(email) or LIKE. The documentation page "How to give email lookups an index" '
                "says what that can mean."
            )
        self.stdout.write(self.style.SUCCESS("Lookups by address have an index now."))


def _refusal(message: str) -> CommandError:
    return CommandError(message, returncode=2)
