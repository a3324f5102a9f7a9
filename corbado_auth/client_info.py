"""The visitor's IP address and user agent, from the request."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from django.http import HttpRequest

from .conf import conf
from .identity import ClientInfo

__all__ = [
    "client_info",
    "has_unnamed_proxy",
    "rate_limit_keys",
    "user_agent",
    "visitor_address",
]

# Corbado rejects a user agent that is too long (422, API notes 1.2); the limit is INFERRED.
MAX_USER_AGENT = 512
UNKNOWN_USER_AGENT = "unknown"
UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 -- "no address", not something to bind to
# In CORBADO_TRUSTED_PROXIES: the peer on a Unix socket, which has no address (as nginx writes it).
UNIX_SOCKET = "unix:"


def client_info(request: HttpRequest) -> ClientInfo:
    """Return what Corbado requires to know about the visitor.

    Without CORBADO_TRUSTED_PROXIES this is Corbado's documented rule (API notes 5.2): the first
    address in X-Forwarded-For, else REMOTE_ADDR. Only valid IP addresses are sent.
    """
    return ClientInfo(
        remote_address=_documented_address(request) or UNKNOWN_ADDRESS,
        user_agent=user_agent(request, MAX_USER_AGENT) or UNKNOWN_USER_AGENT,
    )


def visitor_address(request: HttpRequest) -> str | None:
    """Return the visitor's IP address as far as it can be trusted, or None."""
    address = _trusted_address(request)
    return str(address) if address is not None else None


def user_agent(request: HttpRequest, most: int) -> str:
    """Return what the browser calls itself, without characters that logs or databases refuse."""
    raw = request.META.get("HTTP_USER_AGENT", "")
    return "".join(filter(str.isprintable, raw)).strip()[:most]


def rate_limit_keys(request: HttpRequest) -> tuple[str, str]:
    """Return what limits count by: the visitor's address, and its network.

    Taken from REMOTE_ADDR or a trusted proxy, never from a header that the client controls. An IPv6
    address counts as its /64, from which a household or server can choose addresses; a network that
    one of them may control is a /24, or an IPv6 /48.
    """
    address = _trusted_address(request) or IPv4Address(UNKNOWN_ADDRESS)
    if isinstance(address, IPv6Address):
        return _network(address, 64), _network(address, 48)
    return str(address), _network(address, 24)


def _network(address: IPv4Address | IPv6Address, length: int) -> str:
    rest = address.max_prefixlen - length
    return f"{type(address)(int(address) >> rest << rest)}/{length}"


def has_unnamed_proxy(request: HttpRequest) -> bool:
    """Return whether the request seems to come through a proxy that the site does not name.

    If so, every visitor appears to have the proxy's address. A client can only fake this while
    CORBADO_TRUSTED_PROXIES is not set.
    """
    names = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED")
    return conf.CORBADO_TRUSTED_PROXIES is None and any(name in request.META for name in names)


def _documented_address(request: HttpRequest) -> str:
    if conf.CORBADO_TRUSTED_PROXIES is not None:
        return str(_trusted_address(request) or "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")[0]
    address = _parse(forwarded) if forwarded else None
    return str(address or _parse(request.META.get("REMOTE_ADDR", "")) or "")


def _trusted_address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Read X-Forwarded-For from the right, as far as trusted proxies vouch for it."""
    proxies = tuple(conf.CORBADO_TRUSTED_PROXIES or ())
    networks = _networks(proxies)
    peer = request.META.get("REMOTE_ADDR", "")
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    address = _parse(hops.pop() if not peer and UNIX_SOCKET in proxies else peer)
    while address is not None and hops and any(address in network for network in networks):
        previous = _parse(hops.pop())
        if previous is None:
            break
        address = previous
    return address


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address as proxies write it: bare, ``1.2.3.4:567``, ``[::1]`` or ``[::1]:567``."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=8)
def _networks(entries: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(
        ipaddress.ip_network(entry, strict=False) for entry in entries if entry != UNIX_SOCKET
    )
