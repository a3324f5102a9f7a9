"""Start the emulator from the command line; manage.py has the same flags."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from corbado_auth.emulator.config import ConfigError, EmulatorConfig, is_loopback
from corbado_auth.emulator.request_log import Entry
from corbado_auth.emulator.server import Emulator

DESCRIPTION = """\
Emulate Corbado's backend and frontend APIs offline: v1 and Connect.

Point CORBADO_BACKEND_API_URL and CORBADO_FRONTEND_API_URL of your site at the
address it prints, with the same project ID and API secret. /_emulator/ shows
users, passkeys, emails, tokens and calls. It signs in anyone: never let other
people reach it.
"""
EPILOG = """\
examples:
  python -m corbado_auth.emulator
  python -m corbado_auth.emulator --port 9100 --state emulator.sqlite3
  python -m corbado_auth.emulator --redirect-url http://localhost:8080/sign-in/done/ \\
      --application-url http://localhost:8080/sign-in/
  python -m corbado_auth.emulator --public-url https://corbado.example.test \\
      --rp-id example.test --application-url https://shop.example.test/sign-in/ \\
      --redirect-url https://shop.example.test/corbado/redirect/
  python -m corbado_auth.emulator --webhook-url http://localhost:8000/corbado/webhooks/actions/ \\
      --webhook-credentials hook:change-me

seed file:
  {"users": [{"email": "ada@example.com", "fullName": "Ada", "confirmed": true}]}
"""
DEFAULTS = {field.name: field.default for field in fields(EmulatorConfig)}


def add_arguments(parser: argparse.ArgumentParser, defaults: Mapping[str, Any]) -> None:
    """Add the flags of both commands; ``defaults`` override those of the config."""
    start = {**DEFAULTS, **defaults}

    def add(flag: str, help_text: str, **options: Any) -> None:
        parser.add_argument(flag, help=help_text, **options)

    add("--host", "address to listen on (%(default)s)", default=start["host"])
    add(
        "--port",
        "port to listen on; 0 picks a free one (%(default)s)",
        type=int,
        default=start["port"],
    )
    add(
        "--project-id",
        "project ID, also from CORBADO_PROJECT_ID (%(default)s)",
        default=os.environ.get("CORBADO_PROJECT_ID") or start["project_id"],
    )
    add("--api-secret", "API secret, also from CORBADO_API_SECRET")
    add(
        "--redirect-url",
        "your view that receives the auth token (%(default)s)",
        default=start["redirect_url"],
    )
    add(
        "--application-url",
        "your page with the component, which emails link to (%(default)s)",
        default=start["application_url"],
    )
    add(
        "--webhook-url",
        "your action webhook; none is called by default",
        default=start["webhook_url"],
    )
    add("--webhook-credentials", "its HTTP Basic credentials", metavar="USER:PASSWORD")
    add(
        "--connect-project-id",
        "project ID for Connect, if it is another project",
        default=start["connect_project_id"],
    )
    add("--connect-api-secret", "its API secret, also from CORBADO_CONNECT_API_SECRET")
    add("--backend-api-key", "bearer key of API v2, also from CORBADO_BACKEND_API_KEY")
    add(
        "--identifier-url",
        "your Connect endpoint that finds the identifier for a typed name; by default the name "
        "is the identifier",
        default=start["identifier_url"],
    )
    add("--identifier-credentials", "its HTTP Basic credentials", metavar="USER:PASSWORD")
    add(
        "--events-url",
        "your event webhook, for both products; no events are sent by default",
        default=start["events_url"],
    )
    add("--events-credentials", "its HTTP Basic credentials", metavar="USER:PASSWORD")
    add(
        "--origin",
        "another origin whose pages may call the frontend API (repeatable)",
        action="append",
        default=[],
    )
    add("--rp-id", "WebAuthn RP ID (the host of the application URL)", default="")
    add(
        "--host-name",
        "another host name under which the emulator is called (repeatable)",
        action="append",
        default=[],
    )
    add(
        "--public-url",
        "where browsers find the emulator behind a proxy that terminates TLS, such as "
        "https://corbado.example.test",
        default="",
        metavar="https://…",
    )
    add("--seed", "JSON file with initial users", type=Path, metavar="FILE")
    add("--state", "keep everything in this SQLite file", type=Path, metavar="FILE")
    add("--web-component", "serve this file as /auth.js", type=Path, metavar="FILE")
    add(
        "--rate-limit",
        "calls in 10 seconds per client; 0 is no limit (%(default)s)",
        type=int,
        default=0,
    )
    add(
        "--double-opt-in",
        "after signing up, let a passkey in again only once a mailed link confirmed the address",
        action="store_true",
    )
    add(
        "--expose",
        "allow a --host that other machines can reach; they can sign in as anyone",
        action="store_true",
    )


def config_from(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> EmulatorConfig:
    """Build the config from parsed flags; raise ``ConfigError`` if they are inconsistent."""
    start = {**DEFAULTS, **defaults}
    if not 0 <= options["port"] <= 65535:
        raise ConfigError("A port is a number from 0 to 65535.")
    return EmulatorConfig(
        host=options["host"],
        port=options["port"],
        project_id=options["project_id"],
        api_secret=options["api_secret"]
        or os.environ.get("CORBADO_API_SECRET")
        or start["api_secret"],
        connect_project_id=options["connect_project_id"],
        connect_api_secret=options["connect_api_secret"]
        or os.environ.get("CORBADO_CONNECT_API_SECRET")
        or start["connect_api_secret"],
        backend_api_key=options["backend_api_key"]
        or os.environ.get("CORBADO_BACKEND_API_KEY")
        or start["backend_api_key"],
        redirect_url=options["redirect_url"],
        application_url=options["application_url"],
        webhook_url=options["webhook_url"],
        webhook_credentials=options["webhook_credentials"] or start["webhook_credentials"],
        identifier_url=options["identifier_url"],
        identifier_credentials=options["identifier_credentials"] or start["identifier_credentials"],
        events_url=options["events_url"],
        events_credentials=options["events_credentials"] or start["events_credentials"],
        origins=tuple(options["origin"]),
        rp_id=options["rp_id"],
        host_names=tuple(options["host_name"]),
        public_url=options["public_url"].rstrip("/"),
        seed=options["seed"],
        state=options["state"],
        web_component=options["web_component"],
        rate_limit=options["rate_limit"],
        double_opt_in=options["double_opt_in"],
        expose=options["expose"],
    )


def serve(config: EmulatorConfig, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; raise ``ConfigError`` if it cannot start."""
    emulator = Emulator(config, echo=lambda entry: say(_line(entry)))
    # SIGINT, too: a shell script makes its background commands ignore Ctrl-C.
    previous = {
        number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        emulator.serve_forever(ready=lambda: _greet(emulator, say))
    except KeyboardInterrupt:
        say("")
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m corbado_auth.emulator``; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m corbado_auth.emulator",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser, {})
    options = vars(parser.parse_args(arguments))
    try:
        config = config_from(options, {})
    except ConfigError as error:
        parser.error(str(error))
    try:
        serve(config, say=lambda line: print(line, flush=True))
    except ConfigError as error:
        print(f"corbado emulator: {error}", file=sys.stderr)
        return 1
    return 0


def _greet(emulator: Emulator, say: Callable[[str], None]) -> None:
    config, url = emulator.config, emulator.url.replace("//127.0.0.1", "//localhost")
    say(f"Corbado emulator: {url}  (both APIs, project {config.project_id})")
    if config.public_url:
        say(f"Browsers find it at: {config.public_url}")
    say(f"Users, emails and calls: {config.public_url or url}/_emulator/")
    say(f"Open the site at: {config.application_url}  (passkeys need a name, not 127.0.0.1)")
    say(f"Redirects browsers to (API v1): {config.redirect_url}")
    if config.identifier_url:
        say(f"Asks for handles at (Connect): {config.identifier_url}")
    if config.events_url:
        say(f"Sends events to: {config.events_url}")
    if config.public_url or not is_loopback(config.host):
        say("WARNING: other machines can reach the emulator, and it signs in anyone.")
    say("Stop it with Ctrl-C.")


def _line(entry: Entry) -> str:
    # Only the path: a query may hold secrets.
    status = "dropped" if entry.status is None else str(entry.status)
    line = f"{entry.method} {entry.path} {status}{' (planned)' if entry.planned else ''}"
    # A path may hold line breaks and a terminal's control characters, percent-encoded.
    return "".join(each if each.isprintable() else quote(each) for each in line)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt
