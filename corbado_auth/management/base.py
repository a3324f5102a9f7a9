"""The base of the commands: help in paragraphs, and a question before irreversible steps.

All of them agree on their exit codes: 0 means success; 1, that something is left to do (someone was
refused, Corbado did not answer); 2, that the command did not start (a wrong option, user or ID,
nobody agreed).
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from textwrap import fill
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoError, CorbadoRejected
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import db_for_write
from corbado_auth.projects import project_names, unknown, use_project

__all__ = ["CorbadoCommand", "find_corbado_user", "find_user"]

Item = TypeVar("Item")
LINE_SECONDS = 10.0
# What a terminal may obey, in the name that someone gave themselves; but not our own colours.
CONTROL = re.compile(r"(?!\x1b\[[0-9;]*m)[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def find_user(name: str, *, even_hidden: bool = False) -> Any:
    """Return the local user with this value of USERNAME_FIELD; raises CommandError.

    ``even_hidden`` also finds a user whom the site's default manager hides.
    """
    model = get_user_model()
    field = model.USERNAME_FIELD
    users = model._base_manager if even_hidden else model._default_manager
    try:
        return users.using(db_for_write()).get(**{field: name})
    except model.MultipleObjectsReturned:
        problem = f"Several users have the {field} {name}: it is not clear which one you mean."
    # The field may be a number or a UUID, which not every name is.
    except (model.DoesNotExist, TypeError, ValueError, ValidationError):
        problem = f"There is no user whose {field} is {name}."
    raise CommandError(problem, returncode=2)


def find_corbado_user(corbado_user_id: str) -> CorbadoUser:
    """Return the user at Corbado with this ID; raises CommandError."""
    try:
        return CorbadoService().get_user(corbado_user_id)
    except CorbadoRejected as error:
        raise CommandError(
            f"Corbado returned no user {corbado_user_id}: {error}. Check the ID, and the "
            "settings with corbado_doctor.",
            returncode=2,
        ) from error
    except CorbadoError as error:
        raise CommandError(f"Stopped, because Corbado did not answer: {error}.") from error


def _bar() -> Any:
    """Return tqdm, which few runs of a command need, or None without the extra ``[cli]``."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # pragma: no cover
        return None
    return tqdm


class _Paragraphs(DjangoHelpFormatter):
    """A formatter that keeps paragraphs, and the lines of those with indented ones: examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip("\n").split("\n\n")
        return "\n\n".join(
            each if "\n  " in f"\n{each}" else fill(" ".join(each.split()), width)
            for each in paragraphs
        )


class _Printable:
    """Standard output, on which control characters are replaced."""

    def __init__(self, output: Any) -> None:
        self._output = output

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)

    def write(self, text: str) -> None:
        self._output.write(CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


class CorbadoCommand(BaseCommand):
    """A command that shows ``help`` above the options and ``epilog`` (the examples) below."""

    epilog = ""
    # Is it about one Corbado project? Then it takes --project, for sites that have several.
    is_about_one_project = False
    # Wrappers such as that of django-tenants pass this option on, and Django adds it to some
    # commands only.
    stealth_options = ("skip_checks",)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the paragraphs of both, and add ``--project`` where it makes sense."""
        parser = super().create_parser(
            prog_name, subcommand, epilog=self.epilog, formatter_class=_Paragraphs, **kwargs
        )
        if self.is_about_one_project:
            parser.add_argument(
                "--project",
                metavar="NAME",
                help="a name in CORBADO_PROJECTS; required if there are several",
            )
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, for the project that was named."""
        options["stdout"] = _Printable(options.get("stdout") or self.stdout._out)
        with self._project(options):
            return super().execute(*args, **options)

    def needs_project(self, options: Mapping[str, Any]) -> bool:
        """Return whether a site with several projects has to say which one is meant."""
        return self.is_about_one_project

    def _project(self, options: Mapping[str, Any]) -> AbstractContextManager[None]:
        try:
            names = project_names()
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=2) from None
        name = options.get("project")
        if name is not None and name not in names:
            raise CommandError(unknown(name, names), returncode=2)
        if name is None and len(names) > 1 and self.needs_project(options):
            raise CommandError(
                f"This site has several Corbado projects: add --project {' or '.join(names)}.",
                returncode=2,
            )
        return use_project(name) if name is not None else nullcontext()

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
        bar_of = _bar() if self.stderr.isatty() else None
        if bar_of is not None:
            with bar_of(total=total, unit=f" {unit}", delay=2, dynamic_ncols=True) as bar:
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

    def add_dry_run(
        self, parser: CommandParser, text: str = "show what would be done, change nothing"
    ) -> None:
        """Add ``--dry-run``, which every command has that writes something."""
        parser.add_argument("--dry-run", action="store_true", help=text)

    def add_yes(self, parser: CommandParser) -> None:
        """Add ``--yes``, which answers ``confirm``."""
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on if a person at the terminal agrees, or ``--yes`` was given.

        It asks even if there is nothing to do: a cron job without ``--yes`` has to fail at once,
        not on the first day that something is due. Raises CommandError.
        """
        if yes:
            return
        # There is none at all after <&-.
        if sys.stdin is None or not sys.stdin.isatty():
            raise CommandError(
                f"{question} There is no terminal to ask on: add --yes to agree. Nothing was "
                "changed.",
                returncode=2,
            )
        try:
            answer = input(f"{question} [y/N] ")
        except (EOFError, KeyboardInterrupt):
            answer = ""
        if answer.strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.", returncode=2)
