"""``manage.py corbado_end_sessions``: sign out one person, or everyone linked, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser

from corbado_auth.management.base import CorbadoCommand, find_user
from corbado_auth.models import ConnectAccount, CorbadoAccount
from corbado_auth.sessions.ending import (
    Ended,
    count_linked,
    end_sessions,
    end_sessions_of_linked,
)
from corbado_auth.sessions.stores import are_in_cookies


class Command(CorbadoCommand):
    is_about_one_project = True
    help = """\
End every session of one person, or of everyone who is linked to a Corbado user.

However and wherever they signed in, they are signed out at the next page that
they open. For a person without a password this takes a moment, and for anyone
if the site keeps a list (CORBADO_SESSION_LIST). Otherwise, and with --linked,
every session has to be read to find out whose it is: about a minute for a million
in the database.

If a person without a password has just been sent a password reset link, it
becomes void, as do other tokens made from the password's hash.
"""
    epilog = """\
examples:
  python manage.py corbado_end_sessions --user erin
  python manage.py corbado_end_sessions --corbado-id usr-1935019283746
  python manage.py corbado_end_sessions --linked --dry-run
"""

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        name = get_user_model().USERNAME_FIELD
        whose.add_argument("--user", help=f"{name} of the local user")
        whose.add_argument("--corbado-id", help="ID of a linked Corbado user, usr-…")
        whose.add_argument(
            "--linked", action="store_true", help="everyone who is linked to a Corbado user"
        )
        parser.add_argument(
            "--search",
            action="store_true",
            help="read every session, to find those that CORBADO_SESSION_LIST has not listed",
        )
        self.add_dry_run(parser, "show whose sessions would end")
        self.add_yes(parser)

    def needs_project(self, options: Mapping[str, Any]) -> bool:
        """Return whether Corbado's side decides whose sessions these are."""
        return not options["user"]

    def handle(self, *args: Any, **options: Any) -> None:
        if options["linked"]:
            self._end_linked(options)
            return
        named = options["user"]
        # A user whom the site's manager hides may still have a session.
        user = find_user(named, even_hidden=True) if named else _linked(options["corbado_id"])
        name = user.get_username()
        if options["dry_run"]:
            self.stdout.write(f"Would end every session of {name}.")
            return
        self.confirm(f"End every session of {name}?", yes=options["yes"])
        ended = end_sessions([user], limit=None, search=options["search"])
        self._report(ended, name)
        if not (ended.deleted or ended.refused):
            raise CommandError(f"{name} has no session.", returncode=2)

    def _end_linked(self, options: dict[str, Any]) -> None:
        number = count_linked()
        whom = "1 linked person" if number == 1 else f"{number} linked people"
        if options["dry_run"]:
            self.stdout.write(f"Would end every session of {whom}.")
            return
        if not number:
            raise CommandError("Nobody here is linked to a Corbado user.", returncode=2)
        self.confirm(f"End every session of {whom}?", yes=options["yes"])
        ended = end_sessions_of_linked()
        self._report(ended, "linked people")
        if not (ended.deleted or ended.refused):
            raise CommandError("Nobody who is linked has a session.", returncode=2)

    def _report(self, ended: Ended, whose: str) -> None:
        if ended.refused:
            people = f" ({ended.refused} of them)" if ended.refused > 1 else ""
            self.stdout.write(f"No session of {whose}{people} is accepted any more.")
            if are_in_cookies():
                self.stdout.write("Their cookies cannot be deleted from here.")
        if ended.deleted:
            sessions = "1 session" if ended.deleted == 1 else f"{ended.deleted} sessions"
            self.stdout.write(f"Ended {sessions} of {whose}.")
        if ended.left:
            raise CommandError(
                f"Not every session of {whose} can be ended: {ended.left}. If a person has a "
                "password, setting a new or an unusable one ends all their sessions.",
                returncode=2,
            )


def _linked(corbado_user_id: str) -> Any:
    for accounts in (CorbadoAccount.objects.current(), ConnectAccount.objects.current()):
        found: Any = accounts.filter(corbado_user_id=corbado_user_id).select_related("user").first()
        if found is not None:
            return found.user
    raise CommandError(f"No user here is linked to {corbado_user_id}.", returncode=2)
