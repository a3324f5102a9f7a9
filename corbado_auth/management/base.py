"""What the commands share: help that is shown as it is written, and a question before the worst."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

__all__ = ["CorbadoCommand"]


class _AsWritten(DjangoHelpFormatter):
    """Keep the lines of the help as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text


class CorbadoCommand(BaseCommand):
    """Show ``help`` above the options and ``epilog`` (the examples) below, line by line."""

    epilog = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the lines of both."""
        return super().create_parser(
            prog_name, subcommand, epilog=self.epilog, formatter_class=_AsWritten, **kwargs
        )

    def add_yes(self, parser: CommandParser) -> None:
        """Add ``--yes``, which ``confirm`` asks for."""
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on if a person at the terminal agrees, or ``--yes`` was given.

        Raises CommandError; with exit code 2 where there is no terminal to ask at.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError(
                f"{question} There is no terminal to ask at: add --yes to agree. Nothing was "
                "changed.",
                returncode=2,
            )
        try:
            answer = input(f"{question} [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.")
