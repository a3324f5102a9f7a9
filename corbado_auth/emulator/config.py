"""The configuration of an emulator."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_PROJECT_ID = "pro-1"
DEFAULT_API_SECRET = "corbado1_emulator"  # noqa: S105 - it guards a toy on loopback
DEFAULT_BACKEND_API_KEY = "corbado-key-emulator"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class ConfigError(Exception):
    """A configuration with which the emulator cannot start; the text says what to change."""


@dataclass(frozen=True, kw_only=True)
class EmulatorConfig:
    """The configuration of one emulator.

    ``redirect_url`` is the site's token view, ``application_url`` the page that email links open.
    ``origins`` may call the frontend API in addition to the origins of these two. ``rate_limit`` is
    calls in 10 seconds per client address (0: off). With ``double_opt_in`` a passkey signs in a
    second time only once a mailed link has confirmed the address. ``public_url`` is where browsers
    find the emulator behind a proxy that terminates TLS. ``other_projects`` are more (project ID,
    API secret) pairs, each with its own users and tokens. ``connect_project_id`` is the project for
    Connect if it is another one than for API v1. ``backend_api_key`` is the bearer token of API v2.
    ``identifier_url`` is the site's endpoint, with ``identifier_credentials``, that finds the
    Connect identifier for what was typed, as Corbado's pre-login action would. ``events_url`` is
    the site's event webhook, with ``events_credentials``; ``events_pause`` is the seconds until an
    event is tried again. ``expose`` allows a ``host`` that other machines can reach.
    """

    host: str = "127.0.0.1"
    port: int = 9000
    project_id: str = DEFAULT_PROJECT_ID
    api_secret: str = DEFAULT_API_SECRET
    connect_project_id: str = ""
    connect_api_secret: str = ""
    backend_api_key: str = DEFAULT_BACKEND_API_KEY
    redirect_url: str = "http://localhost:8000/corbado/redirect/"
    application_url: str = "http://localhost:8000/corbado/login/"
    webhook_url: str = ""
    webhook_credentials: str = ""
    identifier_url: str = ""
    identifier_credentials: str = ""
    events_url: str = ""
    events_credentials: str = ""
    events_pause: float = 2.0
    origins: tuple[str, ...] = ()
    rp_id: str = ""
    host_names: tuple[str, ...] = ()
    public_url: str = ""
    seed: Path | None = None
    state: Path | None = None
    web_component: Path | None = None
    rate_limit: int = 0
    double_opt_in: bool = False
    other_projects: tuple[tuple[str, str], ...] = ()
    expose: bool = False

    def __post_init__(self) -> None:
        if not self.project_id or not self.api_secret:
            raise ConfigError("Give a project ID and an API secret.")
        if self.connect_project_id and not self.connect_api_secret:
            raise ConfigError("Give an API secret for the Connect project, too.")
        for name, url in (
            ("redirect URL", self.redirect_url),
            ("application URL", self.application_url),
            ("webhook URL", self.webhook_url),
            ("identifier URL", self.identifier_url),
            ("events URL", self.events_url),
        ):
            if url and origin_of(url) is None:
                raise ConfigError(f"The {name} must begin with http:// or https:// and a host.")
        for origin in self.origins:
            if origin_of(origin) != origin:
                raise ConfigError(
                    f"An origin is scheme, host and port without a path, not {origin!r}."
                )
        if self.public_url and origin_of(self.public_url) != self.public_url:
            raise ConfigError(
                f"The public URL is scheme, host and port without a path, not {self.public_url!r}."
            )
        for name, file in (("seed", self.seed), ("web component", self.web_component)):
            if file is not None and not file.is_file():
                raise ConfigError(f"The {name} file {file} does not exist.")
        for name, credentials in (
            ("webhook", self.webhook_credentials),
            ("identifier", self.identifier_credentials),
            ("events", self.events_credentials),
        ):
            if credentials and ":" not in credentials:
                raise ConfigError(f"Write the {name} credentials as user:password.")
        if not is_loopback(self.host) and not self.expose:
            raise ConfigError(
                f"{self.host} can be reached by other machines, and the emulator signs in anyone. "
                "Add --expose if that is really what you want."
            )

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The host names under which the emulator is called, besides those of loopback."""
        public = urlsplit(self.public_url).hostname
        return (*self.host_names, public) if public else self.host_names

    @property
    def relying_party_id(self) -> str:
        """The WebAuthn RP ID: ``rp_id``, else the host of the application URL."""
        return self.rp_id or urlsplit(self.application_url).hostname or "localhost"


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str | None:
    """Return scheme, host and port as browsers write them in ``Origin``, or None."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")
