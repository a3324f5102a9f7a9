"""``manage.py corbado_switch``: switch passkeys and emailed links on or off, without a deploy."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.management.base import CorbadoCommand
from corbado_auth.switch import DELAY, current_switch, turn


class Command(CorbadoCommand):
    # Other things may be wrong, which must not keep anyone from switching off.
    requires_system_checks = ()
    help = (
        "Switch passkeys and links by email on or off, or show whether they are on. While they are "
        "off, sign-in pages only have the password form, and nobody is offered a passkey; people "
        "who are signed in stay signed in. All processes notice the change within "
        f"{DELAY} seconds. The admin has the same switch."
    )
    epilog = (
        "examples:\n"
        "  python manage.py corbado_switch        show whether it is on, since when, by whom\n"
        "  python manage.py corbado_switch off    Corbado is down, or something is wrong here"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "position",
            nargs="?",
            choices=["on", "off"],
            help="the new position; without it, nothing is changed",
        )
        self.add_dry_run(parser)

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
            self.stdout.write(f"A change takes up to {DELAY} seconds to reach every page.")

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
            self.stdout.write(f"Only people whom {conf.CORBADO_ENABLED_FOR} lets in can see them.")
