"""How bytes travel to Corbado and back: the only room that speaks HTTP.

One pooled session per process, one deadline per call, no redirects, no cookies. It knows nothing
of what is asked.
"""

from __future__ import annotations

import json
import os
import platform
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from django.views.decorators.debug import sensitive_variables
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3.exceptions import HTTPError, ProtocolError

from . import __version__
from .conf import conf
from .exceptions import CorbadoRejected, CorbadoUnavailable

__all__ = ["Reply", "ask"]

# A full user takes a few kB, a page of a hundred users a few hundred.
MAX_BODY = 1024 * 1024
# The configured time-outs bound each wait; this is what the whole call may take on top.
GRACE = 1.0
CONNECTIONS_KEPT = 32


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold one HTTP answer as it came; the body is personal and never shown."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _ConnectionDied(Exception):
    """The connection ended before an answer began."""


@sensitive_variables("body")
def ask(
    method: str, path: str, body: Mapping[str, Any] | None = None, *, resend: bool = True
) -> Reply:
    """Send one request to Corbado's backend API and read the answer, inside one deadline.

    The deadline is the sum of CORBADO_TIMEOUT plus one second. A connection that dies before an
    answer is tried once more within it, unless ``resend`` says no: most often it is a kept one that
    the other side had closed meanwhile. Raises CorbadoUnavailable where no answer comes,
    CorbadoRejected where the settings allow no request.
    """
    if not (conf.CORBADO_PROJECT_ID and conf.CORBADO_API_SECRET):
        raise CorbadoRejected("CORBADO_PROJECT_ID and CORBADO_API_SECRET have to be set")
    deadline = time.monotonic() + sum(conf.CORBADO_TIMEOUT) + GRACE
    for _attempt in ("first", "once more") if resend else ("only",):
        try:
            return _send(method, path, body, deadline)
        except _ConnectionDied:
            continue
    times = "twice " if resend else ""
    raise CorbadoUnavailable(f"Corbado closed the connection {times}without an answer")


@sensitive_variables()  # The frames of the libraries below hold the token and the secret.
def _send(method: str, path: str, body: Mapping[str, Any] | None, deadline: float) -> Reply:
    # A wait of nothing is refused by the library: a call that late ends at its first read.
    remaining = max(deadline - time.monotonic(), 0.001)
    connect, read = conf.CORBADO_TIMEOUT
    base_url = conf.CORBADO_BACKEND_API_URL
    try:
        session = _session(base_url, os.getpid())
        request = session.blank.copy()
        request.method, request.url = method, base_url + path
        request.prepare_body(data=None, files=None, json=body)
        request.prepare_auth(_Credentials(conf.CORBADO_PROJECT_ID, conf.CORBADO_API_SECRET))
        with session.send(
            request,
            timeout=(min(connect, remaining), min(read, remaining)),
            allow_redirects=False,  # The secret must not travel to another host.
            stream=True,
        ) as response:
            return Reply(response.status_code, response.headers, _read(response, deadline))
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        problem: Exception = error
    # Raised out here on purpose: the library's exceptions hold the request, and with it the token
    # and the secret, and would carry them into every error report that follows the chain of causes.
    raise _without_the_request(problem)


def _without_the_request(error: Exception) -> Exception:
    """Name the failure in words of ours."""
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.ConnectionError) and isinstance(cause, ProtocolError):
        return _ConnectionDied()
    name = type(error).__name__
    # Raised before anything is sent: a URL, a header or a proxy that cannot be.
    if isinstance(error, ValueError):
        return CorbadoRejected(
            f"No request can be made ({name}): check CORBADO_PROJECT_ID and CORBADO_BACKEND_API_URL"
        )
    return CorbadoUnavailable(f"Corbado cannot be reached ({name})")


def _read(response: requests.Response, deadline: float) -> bytes:
    """Read the body in pieces, up to MAX_BODY bytes, until the deadline."""
    # Asked for plain: what comes compressed could grow without bound (a gzip bomb).
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HTTPError("compressed")
    body = bytearray()
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0 or len(body) > MAX_BODY:
            response.raw.close()
            raise HTTPError("too slow or too long")
        _limit_wait(response, remaining)
        piece = response.raw.read1(65536)
        if not piece:
            return bytes(body)
        body += piece


def _limit_wait(response: requests.Response, seconds: float) -> None:
    """Let the next read wait no longer than the call still has.

    urllib3 has no public way to shorten a time-out once the headers are read; without this, a body
    that stalls late would wait one more read time-out.
    """
    stream = getattr(getattr(response.raw, "_fp", None), "fp", None)
    sock = getattr(getattr(stream, "raw", None), "_sock", None)
    if sock is not None and (sock.gettimeout() is None or sock.gettimeout() > seconds):
        sock.settimeout(seconds)


class _Credentials(AuthBase):
    """HTTP Basic and the project header; SDKs differ in which they send, so both (contract 1.1)."""

    def __init__(self, project_id: str, api_secret: str) -> None:
        # Bytes: requests would encode text as Latin-1, and its error would print the secret.
        self._basic = HTTPBasicAuth(project_id.encode(), api_secret.encode())
        self._project_id = project_id

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Corbado-ProjectID"] = self._project_id
        self._basic(request)
        return request


class _Session(requests.Session):
    """Hold the pooled connections, and a request that lacks path, body and credentials.

    Preparing each from the ground up would cost a third of a call.
    """

    blank: requests.PreparedRequest

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing, not even on paper: requests would prepare the next request all the same.

        For that it reads a redirect's whole body, without our limits of size and time.
        """


@lru_cache(maxsize=4)
def _session(base_url: str, pid: int) -> _Session:
    """Return the pooled session of this process; ``pid`` makes a forked child open its own.

    Its connections are shared by all threads. Cookies are never stored, and the environment
    (proxies, CA bundle) is read once instead of at every call.
    """
    session = _Session()
    session.proxies = get_environ_proxies(base_url)
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update(_headers())
    if base_url.startswith("https:"):
        session.mount("https://", _TLSAdapter(pool_maxsize=CONNECTIONS_KEPT))
    else:
        session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS_KEPT))
    session.blank = session.prepare_request(requests.Request("GET", base_url))
    return session


def _headers() -> dict[str, str]:
    """Introduce ourselves as Corbado's own SDKs do (contract 1.1); never with an Origin."""
    sdk = {
        "name": "Django",
        "sdkVersion": __version__,
        "languageVersion": platform.python_version(),
    }
    return {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"django-corbado-auth/{__version__}",
        "X-Corbado-SDK": json.dumps(sdk),
    }


class _TLSAdapter(HTTPAdapter):
    """Share one SSLContext: loading the CA bundle costs several times a whole sign-in."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_ssl_context(), **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=_ssl_context(), **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the CA bundle to the shared context: naming it here would load it again."""
        conn.cert_reqs = "CERT_REQUIRED"


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    bundle = bundle or DEFAULT_CA_BUNDLE_PATH
    if os.path.isdir(bundle):
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)
