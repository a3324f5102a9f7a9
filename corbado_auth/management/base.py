"""What the longer commands share: a help that is shown as it is written, with examples."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter

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
