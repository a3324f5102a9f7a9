"""Log the last calls without their secrets."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import Headers

from corbado_auth.emulator.wire import timestamp

KEPT = 1000
MASK = "********"
SECRET_HEADERS = frozenset({"authorization", "cookie", "x-xsrf-token", "proxy-authorization"})
# Compared in lower case with the whole name of a JSON field or query parameter.
SECRET_FIELDS = frozenset(
    {
        "token",
        "corbadoauthtoken",
        "corbadotoken",
        "corbadologintoken",
        "associationtoken",
        "sessiontoken",
        "logintoken",
        "password",
        "webhookpassword",
        "webhooktestvalidpassword",
        "externalapplicationpassword",
        "smtppassword",
        "apisecret",
        "clisecret",
        "secret",
        "signedchallenge",
        "assertionresponse",
        "attestationresponse",
        "signedpasskeydata",
        "appendtokenvalue",
        "connecttoken",
        "loginconnecttoken",
        "session",
        "longsession",
        "shortsession",
    }
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A call. ``status`` is None if the connection was dropped."""

    id: str
    created: float
    api: str
    method: str
    path: str
    query: str
    headers: Headers
    body: Any
    status: int | None
    response: Any
    runtime: float
    planned: bool

    def public(self) -> dict[str, Any]:
        return {
            "ID": self.id,
            "created": timestamp(self.created),
            "api": self.api,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": dict(self.headers),
            "body": self.body,
            "status": self.status,
            "response": self.response,
            "runtime": round(self.runtime, 6),
            "planned": self.planned,
        }


class RequestLog:
    """The newest entries; ``echo`` is called with each new one."""

    def __init__(self, echo: Callable[[Entry], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._echo = echo
        self._since = 0.0
        self.revision = 0

    def add(self, entry: Entry) -> None:
        with self._lock:
            if entry.created < self._since:
                return  # it started before a reset, so it belongs to another test
            self._entries.append(entry)
            self.revision += 1
        if self._echo is not None:
            self._echo(entry)

    def all(self) -> list[Entry]:
        """Return the entries, oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._since = time.time()
            self.revision += 1


def mask(text: str) -> str:
    """Return enough of a token to recognise it, and too little to use it."""
    return f"{text[:4]}… ({len(text)})" if len(text) >= 20 else MASK


def masked_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Mask credentials, and tokens in addresses such as the Referer."""
    return Headers(
        [
            (name, MASK if name.lower() in SECRET_HEADERS else masked(value))
            for name, value in headers
        ]
    )


def masked(value: Any, name: str = "") -> Any:
    """Return JSON with its secrets masked, at any depth."""
    if isinstance(value, dict):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    if name.lower() in SECRET_FIELDS and value:
        return MASK if "password" in name.lower() else mask(value)
    if "://" in value and "?" in value:
        address, _, query = value.partition("?")
        return f"{address}?{masked_query(query)}"
    return value


def masked_query(query: str) -> str:
    """Return a query string with its tokens masked."""
    query, hash_sign, fragment = query.partition("#")
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name.lower() in SECRET_FIELDS for name, _ in pairs):
        return f"{query}{hash_sign}{fragment}"
    safe = [(name, masked(value, name)) for name, value in pairs]
    return f"{urlencode(safe, safe='… ()', errors='replace')}{hash_sign}{fragment}"
