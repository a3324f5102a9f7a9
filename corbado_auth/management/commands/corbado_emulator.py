"""``manage.py corbado_emulator``: a stand-in for Corbado, with this site's settings."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.urls import NoReverseMatch, reverse

from corbado_auth.conf import conf
from corbado_auth.management.base import CorbadoCommand
from corbado_auth.projects import is_project_known, project_names, use_project

try:
    from corbado_auth.emulator import cli
    from corbado_auth.emulator.config import ConfigError, is_loopback

    HAS_EXTRA = True
except ModuleNotFoundError as missing:  # pragma: no cover - seen in an environment without extras
    if missing.name not in {"cryptography", "webauthn", "werkzeug"}:
        raise
    HAS_EXTRA = False


SITE = "http://localhost:8000"  # where runserver serves it


class Command(CorbadoCommand):
    is_about_one_project = True
    help = cli.DESCRIPTION if HAS_EXTRA else "Stand in for Corbado on this machine, offline."
    # It must start before the site is set up, since it is used to set the site up.
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Read the project's name first: its settings are the defaults of the other options."""
        early = ArgumentParser(add_help=False, allow_abbrev=False)
        early.add_argument("--project", default="")
        name = early.parse_known_args(argv[2:])[0].project
        with use_project(name) if name in project_names() else nullcontext():
            super().run_from_argv(argv)

    def add_arguments(self, parser: CommandParser) -> None:
        if not HAS_EXTRA:  # pragma: no cover - seen in an environment without extras
            parser.error(
                "The emulator needs more packages: pip install 'django-corbado-auth[emulator]'"
            )
        cli.add_arguments(parser, self._defaults())

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The emulator signs in anyone, so it does not start with DEBUG = False. "
                "Use your development settings."
            )
        try:
            config = cli.config_from(options, self._defaults())
        except ConfigError as error:
            raise CommandError(str(error), returncode=2) from error
        try:
            cli.serve(config, say=self._say)
        except ConfigError as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        """Print at once: in a pipe (Docker, CI, tee) the address would be buffered."""
        self.stdout.write(line)
        self.stdout.flush()

    def _defaults(self) -> Mapping[str, Any]:
        """Return what the site's settings and URLconf already say."""
        if not is_project_known():
            return {}  # Only to show the help, or to say that --project is missing.
        values: dict[str, Any] = {
            "project_id": conf.CORBADO_PROJECT_ID,
            "api_secret": conf.CORBADO_API_SECRET,
            "backend_api_key": conf.CORBADO_BACKEND_API_KEY,
            "redirect_url": _url("redirect"),
            "application_url": _url("login"),
        }
        for url in (conf.CORBADO_CONNECT_CUSTOM_DOMAIN, conf.CORBADO_FRONTEND_API_URL):
            api = urlsplit(url)
            if is_loopback(api.hostname or "") and api.port:
                values["port"] = api.port
        if conf.is_set("CORBADO_CONNECT_PROJECT_ID"):
            values["connect_project_id"] = conf.CORBADO_CONNECT_PROJECT_ID
            values["connect_api_secret"] = conf.CORBADO_CONNECT_API_SECRET
        if conf.CORBADO_WEBHOOK_SECRETS:
            values["webhook_credentials"] = conf.CORBADO_WEBHOOK_SECRETS[0]
            values["webhook_url"] = _url("action-webhook")
            values["identifier_credentials"] = conf.CORBADO_WEBHOOK_SECRETS[0]
            values["identifier_url"] = _url("connect-identifier")
            values["events_credentials"] = conf.CORBADO_WEBHOOK_SECRETS[0]
            values["events_url"] = _url("event-webhook")
        return {name: value for name, value in values.items() if value}


def _url(view: str) -> str:
    try:
        return SITE + reverse(f"corbado_auth:{view}")
    except NoReverseMatch:
        return ""
