"""``manage.py corbado_switch``: switch passkeys and emailed links on or off, without a deploy."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.management.base import CorbadoCommand
from corbado_auth.switch import DELAY, current_switch, turn


class Command(CorbadoCommand):
    # Something is wrong: that must not keep anybody from switching off.
    requires_system_checks = ()
    help = (
        "Switch passkeys and links by email on or off, or say whether they are on. Off: sign-in "
        "pages have the password form alone, and nobody is offered a passkey; whoever is signed in "
        f"stays signed in. Every process has noticed after {DELAY} seconds. The admin has the same "
        "switch."
    )
    epilog = (
        "examples:\n"
        "  manage.py corbado_switch        says which it is, since when, and who did it\n"
        "  manage.py corbado_switch off    Corbado is down, or something is wrong here"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "position", nargs="?", choices=["on", "off"], help="leave it out to change nothing"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        position = options["position"]
        if position is None:
            self._say()
        elif options["dry_run"]:
            self.stdout.write(f"Dry run: would switch {position}.")
            self._say()
        else:
            turn(position == "on")
            self._say()
            self.stdout.write(f"It takes up to {DELAY} seconds until every page has noticed.")

    def _say(self) -> None:
        row = current_switch()
        is_on = row is None or row.is_on
        since = ""
        if row is not None:
            when = row.changed_at
            if timezone.is_aware(when):
                when = timezone.localtime(when)
            by = row.changed_by.get_username() if row.changed_by else "the command line"
            since = f", since {when:%Y-%m-%d %H:%M} (by {by})"
        self.stdout.write(f"Passkeys and links by email are {'on' if is_on else 'off'}{since}.")
        if is_on and conf.CORBADO_ENABLED_FOR:
            self.stdout.write(f"Only those see them whom {conf.CORBADO_ENABLED_FOR} lets in.")
