"""URLs to compare: the one that Corbado has on file, and the one that it should be."""

from __future__ import annotations

from dataclasses import dataclass

from corbado_auth.corbado_api import urls

__all__ = ["Place"]

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A URL without what must not be shown or compared: user name, password and query."""

    scheme: str
    host: str
    port: int | None
    path: str

    @classmethod
    def of(cls, url: str) -> Place | None:
        """Parse a URL; return None if it is invalid."""
        parts = urls.split(url)
        if parts is None or parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            return None
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, parts.path or "/")

    @property
    def origin(self) -> str:
        """Return scheme, host and port as browsers write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_exposed(self) -> bool:
        """Return whether traffic to it can be read on the way."""
        return self.scheme == "http" and not urls.is_local(self.origin)

    @property
    def is_loopback(self) -> bool:
        """Return whether the host is one of this machine's usual names."""
        return self.host in {"localhost", "127.0.0.1", "::1"}

    def __str__(self) -> str:
        return self.origin + self.path
