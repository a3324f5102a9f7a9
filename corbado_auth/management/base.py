"""The base of the commands: help shown as written, and a question before irreversible steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from corbado_auth.models import db_for_write

try:
    from tqdm import tqdm
except ModuleNotFoundError:  # pragma: no cover - without the extra [cli]
    tqdm = None  # type: ignore[assignment,misc]

__all__ = ["CorbadoCommand", "find_user"]

Item = TypeVar("Item")
LINE_SECONDS = 10.0


def find_user(name: str) -> Any:
    """Return the local user with this value of USERNAME_FIELD; raises CommandError."""
    model = get_user_model()
    try:
        users = model._default_manager.using(db_for_write())
        return users.get(**{model.USERNAME_FIELD: name})
    except model.DoesNotExist:
        raise CommandError(
            f"There is no user whose {model.USERNAME_FIELD} is {name}.", returncode=2
        ) from None


class _AsWritten(DjangoHelpFormatter):
    """A formatter that keeps the line breaks of the help."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text


class CorbadoCommand(BaseCommand):
    """A command that shows ``help`` above the options and ``epilog`` (the examples) below."""

    epilog = ""
    # Wrappers such as that of django-tenants pass this option on, and Django adds it to some
    # commands only.
    stealth_options = ("skip_checks",)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the line breaks of both."""
        return super().create_parser(
            prog_name, subcommand, epilog=self.epilog, formatter_class=_AsWritten, **kwargs
        )

    def watched(
        self,
        items: Iterable[Item],
        *,
        total: int,
        unit: str,
        size: Callable[[Item], int] = lambda item: 1,
    ) -> Iterator[Item]:
        """Yield the items, and show on stderr how many are done if it takes over two seconds.

        A bar on a terminal with tqdm, else a line every ten seconds. ``size`` says how many units
        an item is.
        """
        if tqdm is not None and self.stderr.isatty():
            with tqdm(total=total, unit=f" {unit}", delay=2, dynamic_ncols=True) as bar:
                for item in items:
                    yield item
                    bar.update(size(item))
            return
        number, said = 0, time.monotonic()
        for item in items:
            yield item
            number += size(item)
            if time.monotonic() - said >= LINE_SECONDS:
                said = time.monotonic()
                self.stderr.write(f"{number:,} of {total:,} {unit}")

    def add_yes(self, parser: CommandParser) -> None:
        """Add ``--yes``, which answers ``confirm``."""
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on if a person at the terminal agrees, or ``--yes`` was given.

        Raises CommandError; with exit code 2 if there is no terminal.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError(
                f"{question} There is no terminal to ask on: add --yes to agree. Nothing was "
                "changed.",
                returncode=2,
            )
        try:
            answer = input(f"{question} [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.")
