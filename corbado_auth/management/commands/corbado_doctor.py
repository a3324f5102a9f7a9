"""``manage.py corbado_doctor``: compare this site with Corbado, and say what to do."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from corbado_auth.conf import conf
from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.doctor import Finding, State, examine, is_origin
from corbado_auth.management.base import CorbadoCommand

HELP = """\
Compare this site with what Corbado has on file for the project, and say what to do.

With the credentials in your settings, it asks Corbado for the project's configuration (for Connect:
its switches, and where events go) and, with --origin, your site for its login page, to read the
headers. It changes nothing and never prints a secret. Each line begins with one of three words:

  ok       all is well
  warning  only you can tell whether it is right
  wrong    sign-in does not work or is not safe; the line below says what to do

The exit code is 1 if anything is wrong, else 0.
"""
EPILOG = """\
examples:
  python manage.py corbado_doctor
  python manage.py corbado_doctor --origin https://www.example.com

It cannot see whether the project leaves sessions to the site: in Corbado's panel, Settings >
Sessions must be set to own session management, or the Redirect URL gets no token.
"""
UNSEEN = (
    "Not visible from here: in Corbado's panel, Settings > Sessions must be set to own session "
    "management."
)
STATE_WIDTH = 9
SUBJECT_WIDTH = 17
WIDEST = 100


class Command(CorbadoCommand):
    is_about_one_project = True
    help = HELP
    epilog = EPILOG
    # It runs the checks itself, and says more than they do.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--origin",
            default="",
            metavar="https://…",
            help="where browsers reach this site: scheme and host, as in https://www.example.com. "
            "Without it, only the paths of the URLs on file are compared.",
        )

    @unguarded()
    def handle(self, *args: Any, origin: str, **options: Any) -> None:
        if origin and not is_origin(origin):
            raise CommandError(
                "--origin must be scheme and host, such as https://www.example.com",
                returncode=2,
            )
        states: Counter[State] = Counter()
        for finding in examine(origin):
            states[finding.state] += 1
            self.stdout.write(self._line(finding))
        if not conf.uses_connect_alone():
            self.stdout.write(f"\n{UNSEEN}")
        summary = ", ".join(f"{states[state]} {state}" for state in State)
        if states[State.WRONG]:
            raise CommandError(f"{summary}. Fix the errors above, then run it again.")
        self.stdout.write(self.style.SUCCESS(f"{summary}."))

    def _line(self, finding: Finding) -> str:
        paint = {
            State.OK: self.style.SUCCESS,
            State.WARNING: self.style.WARNING,
            State.WRONG: self.style.ERROR,
        }[finding.state]
        # Padded before styling: colour codes have a length, too.
        head = paint(finding.state.ljust(STATE_WIDTH)) + finding.subject.ljust(SUBJECT_WIDTH)
        indent = " " * (STATE_WIDTH + SUBJECT_WIDTH)
        width = min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)
        room = max(30, width - len(indent))
        lines = textwrap.wrap(finding.fact, room, break_long_words=False, break_on_hyphens=False)
        if finding.advice:
            lines += textwrap.wrap(
                finding.advice,
                room,
                initial_indent="-> ",
                subsequent_indent="   ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        return head + f"\n{indent}".join(lines)
