"""Checking the URLs of Corbado's APIs: whether one is valid, and whose host it is."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

__all__ = ["flaw", "is_corbados", "is_encrypted", "is_local", "newer_host", "split"]

# Seen over time (API notes 1.1, 5.8): api.corbado.com, *.corbado.io, *.cloud.corbado.io.
CORBADOS_DOMAINS = (".corbado.io", ".corbado.com")
OLDER_DOMAIN, NEWER_DOMAIN = ".frontendapi.corbado.io", ".frontendapi.cloud.corbado.io"


def flaw(url: str) -> str | None:
    """Return what is wrong with a base URL, without repeating it; None if nothing is.

    The rules are those of Corbado's SDKs (API notes 1.1): scheme and host, and nothing more.
    """
    parts = split(url)
    if parts is None:
        return "it cannot be parsed as a URL"
    if parts.scheme not in {"http", "https"}:
        return "it does not begin with https://"
    if not parts.hostname:
        return "it names no host"
    if "@" in parts.netloc:
        return "it contains a user name or a password"
    if parts.path or "?" in url or "#" in url:
        return "something follows the host name"
    return None


def split(url: str) -> SplitResult | None:
    """Split a URL; return None if it is not one, for instance with a port out of range."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def is_encrypted(url: str) -> bool:
    """Return whether connections to this URL are encrypted."""
    return url.lower().startswith("https://")


def is_local(url: str) -> bool:
    """Return whether a URL points to this machine or its private network, so not to Corbado."""
    host = _host(url)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def is_corbados(url: str) -> bool:
    """Return whether the host is one of Corbado's own."""
    return _host(url).endswith(CORBADOS_DOMAINS)


def newer_host(host: str) -> str:
    """Return the name that a frontend API host has had since mid-2024 (API notes 5.8)."""
    if host.endswith(OLDER_DOMAIN):
        return host.removesuffix(OLDER_DOMAIN) + NEWER_DOMAIN
    return host


def _host(url: str) -> str:
    parts = split(url)
    return (parts.hostname or "") if parts else ""
