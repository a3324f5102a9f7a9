"""The HTTP transport to Corbado; no other module speaks HTTP.

One connection pool per process, one deadline per call, no redirects, no cookies. It knows nothing
about the content of calls.
"""

from __future__ import annotations

import json
import math
import os
import platform
import socket
import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any

import requests
from django.views.decorators.debug import sensitive_variables
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3.exceptions import HTTPError, ProtocolError

from corbado_auth import __version__
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable
from corbado_auth.projects import project_names

from .deadline import common_deadline
from .guard import guard

__all__ = ["Endpoint", "Reply", "ask", "prepare"]

# A full user takes a few kB, a page of a hundred users a few hundred kB.
MAX_BODY = 1024 * 1024
# The configured time-outs limit each wait; the whole call may take this much more.
GRACE = 1.0
# As many as may be in flight at once if each request has its own thread.
CONNECTIONS_KEPT = 256

# When the call of this thread ends, as a time of ``time.monotonic()``.
_ends_at = ContextVar("corbado_auth.call_ends_at", default=math.inf)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send calls, as which project, and how long to wait: (connect, read) in seconds."""

    base_url: str
    project_id: str
    api_secret: str = field(repr=False)
    timeout: tuple[float, float]
    # For API v2, instead of project and secret (API notes C.3.1).
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A raw HTTP response; the body is personal data and never shown."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _ConnectionDied(Exception):
    """The connection was closed before a response began."""


def prepare(endpoint: Endpoint) -> None:
    """Make what all calls to this endpoint share, except for a connection."""
    line = _line_of(endpoint)
    line.adapter.get_connection_with_tls_context(line.blank, True, proxies=line.proxies)


@sensitive_variables("body")
def ask(
    endpoint: Endpoint,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    resend: bool = True,
) -> Reply:
    """Send one request to Corbado's backend API and read the response, within one deadline.

    The deadline is the sum of both time-outs plus one second, or that of ``finish_by`` if it is
    earlier. If the connection dies before a response, the request is sent once more, unless
    ``resend`` is False: most often it was an idle connection that the other side had closed.
    Raises CorbadoUnavailable if no response comes, CorbadoNotAsked if too many calls are in flight
    or Corbado has failed lately, CorbadoRejected if the request cannot be sent.
    """
    if not (endpoint.project_id and (endpoint.api_secret or endpoint.api_key)):
        raise CorbadoRejected("CORBADO_PROJECT_ID and CORBADO_API_SECRET must be set")
    patience = sum(endpoint.timeout) + GRACE
    remaining = common_deadline() - time.monotonic()
    if remaining <= 0:
        raise CorbadoUnavailable("No time was left to ask Corbado")
    project_id = endpoint.project_id if project_names() else ""
    in_a_hurry = remaining < patience
    patience = min(patience, remaining)
    # Corbado cannot be blamed for a call that was given less time than usual.
    with guard.admit(patience, project_id, may_blame=not in_a_hurry) as call:
        _ends_at.set(time.monotonic() + patience)
        reply = _exchange(endpoint, method, path, body, resend)
        # Corbado answered, even if it refused: the fault may be in a visitor's header.
        call.has_failed = reply.status >= 500
        call.has_answered = not call.has_failed
    return reply


@sensitive_variables("body")
def _exchange(
    endpoint: Endpoint,
    method: str,
    path: str,
    body: Mapping[str, Any] | None,
    resend: bool,
) -> Reply:
    for _attempt in ("first", "once more") if resend else ("only",):
        try:
            return _send(endpoint, method, path, body)
        except _ConnectionDied:
            continue
    times = "twice " if resend else ""
    raise CorbadoUnavailable(f"Corbado closed the connection {times}without an answer")


@sensitive_variables()  # The frames of the libraries below contain the token and the secret.
def _send(endpoint: Endpoint, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
    # The library rejects a zero time-out: a call that late ends at its first read.
    remaining = max(_ends_at.get() - time.monotonic(), 0.001)
    connect, read = endpoint.timeout
    try:
        line = _line_of(endpoint)
        request = line.request(method, endpoint.base_url + path, body)
        with line.adapter.send(
            request,
            stream=True,
            timeout=(min(connect, remaining), min(read, remaining)),
            proxies=line.proxies,
        ) as response:
            return Reply(response.status_code, response.headers, _read(response))
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        problem: Exception = error
    # Raised out here on purpose: the library's exceptions contain the request, and with it the
    # token and the secret, which error reports would show as they follow the chain of causes.
    raise _without_the_request(problem)


def _without_the_request(error: Exception) -> Exception:
    """Return our own exception for this failure."""
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.ConnectionError) and isinstance(cause, ProtocolError):
        return _ConnectionDied()
    name = type(error).__name__
    # Raised before anything is sent: the URL, a header or the proxy is invalid.
    if isinstance(error, ValueError):
        return CorbadoRejected(
            f"No request can be sent ({name}): check CORBADO_PROJECT_ID and CORBADO_BACKEND_API_URL"
        )
    return CorbadoUnavailable(f"Corbado cannot be reached ({name})")


def _read(response: requests.Response) -> bytes:
    """Read the body in chunks, up to MAX_BODY bytes."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HTTPError("compressed")
    body = bytearray()
    while piece := response.raw.read1(65536):
        body += piece
        if len(body) > MAX_BODY:
            response.raw.close()
            raise HTTPError("too long")
    return bytes(body)


class _TimedStream(RawIOBase):
    """What comes over a socket, until the call ends: the library's time-out is one for each read.

    Otherwise an answer, or a header of it, that comes byte by byte would never end.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)

    def makefile(self, _mode: str) -> BufferedReader:
        """Return what the response is read from, as a socket does."""
        return BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = _ends_at.get() - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("The call has taken too long.")
        usual = self._sock.gettimeout()
        if usual is None or usual > remaining:
            self._sock.settimeout(remaining)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """A response, also of a proxy to CONNECT, that is read from a ``_TimedStream``."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_TimedStream(sock), *args, **kwargs)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Line:
    """The pooled connections, and a prepared request without method, path and body.

    An adapter without a ``requests.Session``, which would follow redirects (the secret must not be
    sent to another host), keep cookies, read the environment at every call, and prepare each
    request from scratch, for a third of what a call costs.
    """

    adapter: HTTPAdapter
    proxies: dict[str, str]
    blank: requests.PreparedRequest = field(repr=False)

    @sensitive_variables()
    def request(
        self, method: str, url: str, body: Mapping[str, Any] | None
    ) -> requests.PreparedRequest:
        """Return a request that is ready to be sent."""
        request = requests.PreparedRequest()
        request.method, request.url = method, url
        request.headers = CaseInsensitiveDict(self.blank.headers)
        if body is not None:
            request.body = content = json.dumps(body).encode()
            request.headers["Content-Type"] = "application/json"
            request.headers["Content-Length"] = str(len(content))
        return request


def _line_of(endpoint: Endpoint) -> _Line:
    credentials = endpoint.api_secret, endpoint.api_key
    return _line(endpoint.base_url, endpoint.project_id, *credentials, os.getpid())


@lru_cache(maxsize=16)
@sensitive_variables()
def _line(base_url: str, project_id: str, api_secret: str, api_key: str, pid: int) -> _Line:
    """Return the pooled connections of this process, shared by all its threads.

    ``pid`` makes a forked child open its own.
    """
    is_tls = base_url.startswith("https:")
    kind = _TLSAdapter if is_tls else _Adapter
    headers: dict[str, str | bytes] = {**_headers(project_id)}
    # Bytes: requests would encode text as Latin-1, and its error would show the secret.
    auth = None if api_key else HTTPBasicAuth(project_id.encode(), api_secret.encode())
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}".encode()
    request = requests.Request("GET", base_url, headers=headers, auth=auth)
    return _Line(
        adapter=kind(pool_maxsize=CONNECTIONS_KEPT),
        proxies=get_environ_proxies(base_url),
        blank=request.prepare(),
    )


def _headers(project_id: str) -> dict[str, str]:
    """Return headers like those of Corbado's SDKs (API notes 1.1); never with an Origin.

    The project is in the credentials, too; SDKs differ in which they send, so we send both.
    """
    sdk = {
        "name": "Django",
        "sdkVersion": __version__,
        "languageVersion": platform.python_version(),
    }
    return {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"django-corbado-auth/{__version__}",
        "X-Corbado-ProjectID": project_id,
        "X-Corbado-SDK": json.dumps(sdk),
    }


class _Adapter(HTTPAdapter):
    """An adapter that looks up the connection pool once, not at each call: there is one host."""

    _pool: Any = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool found by the first call, whose responses end with the call."""
        if self._pool is None:
            pool = super().get_connection_with_tls_context(*args, **kwargs)
            timed = {"response_class": _TimedResponse}
            pool.ConnectionCls = type("TimedConnection", (pool.ConnectionCls,), timed)
            self._pool = pool
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """Return the path; only for a proxy may it have to be the whole URL."""
        return super().request_url(request, proxies) if proxies else request.path_url

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Return the part of a response that we read, without cookies and encoding."""
        response = requests.Response()
        response.status_code, response.headers, response.raw = resp.status, resp.headers, resp
        response.request = req
        return response


class _TLSAdapter(_Adapter):
    """An adapter with a shared SSLContext: loading the CA bundle takes longer than a sign-in."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_ssl_context(), **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=_ssl_context(), **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the CA bundle to the shared context: setting it here would load it again."""
        conn.cert_reqs = "CERT_REQUIRED"


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    bundle = bundle or DEFAULT_CA_BUNDLE_PATH
    if os.path.isdir(bundle):
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)
