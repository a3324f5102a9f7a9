"""Every way in which Corbado can fail to answer, over real sockets: one table for all tests."""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import os
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import trustme

from corbado_auth.corbado_api import transport
from corbado_auth.exceptions import (
    CorbadoError,
    CorbadoRejected,
    CorbadoUnavailable,
    InvalidAuthToken,
)
from tests.support.misbehaving_server import (
    CLOSE,
    RESET,
    MisbehavingServer,
    Script,
    Steps,
    always,
    answer,
    head,
)
from tests.wire import sample

# Short where a test waits for the end of it, long where only a slow machine would reach it.
IMPATIENT = (0.3, 0.3)
PATIENT = (10.0, 10.0)
LONG = 60.0  # longer than any test may take
# What an answer holds that no log, page or exception may show.
BODY_CANARY = "canary-in-the-body"

GOOD = sample("validate_good").answer
GOOD_BYTES = json.dumps(GOOD).encode()
PAGE = f"<html><title>Bad gateway</title>{BODY_CANARY}</html>".encode()
HTML = {"content_type": "text/html"}

Start = Callable[[trustme.CA], AbstractContextManager[str]]


@dataclass(frozen=True)
class Failure:
    """One way to fail: ``start`` yields the URL where it happens, the rest is what follows."""

    name: str
    start: Start
    error: type[CorbadoError] = CorbadoUnavailable
    status: int | None = None
    request_id: str = ""
    retry_after: int | None = None
    timeout: tuple[float, float] = PATIENT

    def __str__(self) -> str:
        return self.name


@contextmanager
def trusted_authority(folder: Path) -> Iterator[trustme.CA]:
    """Trust an authority of our own, as a site behind its own proxy does."""
    authority = trustme.CA()
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    with (
        mock.patch.dict(os.environ, REQUESTS_CA_BUNDLE=str(bundle)),
        # No failure ends well for being waited for a second longer.
        mock.patch.object(transport, "GRACE", 0.1),
    ):
        forget_connections()
        yield authority
    forget_connections()


def tls_of(
    authority: trustme.CA, host: str = "127.0.0.1", *, expired: bool = False
) -> ssl.SSLContext:
    """Return a server's TLS context, with a certificate of this authority."""
    end = datetime.now() - timedelta(hours=1) if expired else None  # noqa: DTZ005
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, not_after=end).configure_cert(context)
    return context


def self_signed(_authority: trustme.CA) -> ssl.SSLContext:
    """Return a server's TLS context with a self-signed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    stranger = trustme.CA()
    with stranger.cert_pem.tempfile() as certificate, stranger.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


def forget_connections() -> None:
    """Drop the pool of connections and the TLS context: both live as long as the process."""
    transport._line.cache_clear()
    transport._ssl_context.cache_clear()


def served(*steps: Any, greeting: Steps = (), script: Script | None = None) -> Start:
    """Return what starts a plain server that does these steps for every request."""

    @contextmanager
    def start(_authority: trustme.CA) -> Iterator[str]:
        with MisbehavingServer(script or always(*steps), greeting=greeting) as server:
            yield server.url

    return start


def served_with_tls(tls: Callable[[trustme.CA], ssl.SSLContext]) -> Start:
    """Return what starts a server that would answer well, but for its certificate."""

    @contextmanager
    def start(authority: trustme.CA) -> Iterator[str]:
        with MisbehavingServer(always(answer(GOOD)), tls=tls(authority)) as server:
            yield server.url

    return start


@contextmanager
def nobody_listens(_authority: trustme.CA) -> Iterator[str]:
    """Hold a port on which nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


@contextmanager
def nobody_accepts(_authority: trustme.CA) -> Iterator[str]:
    """Fill the queue of a listening socket: Linux drops what comes after, and a client waits."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def no_such_name(_authority: trustme.CA) -> Iterator[str]:
    """Name a host that no resolver may know (RFC 6761, section 6.4)."""
    yield "https://does-not-exist.invalid"


@contextmanager
def plain_behind_https(_authority: trustme.CA) -> Iterator[str]:
    """Answer a TLS handshake in plain HTTP."""
    with MisbehavingServer(always(answer(GOOD)), greeting=[answer(PAGE, 400), CLOSE]) as server:
        yield server.url.replace("http:", "https:")


def with_user(**changes: Any) -> dict[str, Any]:
    """Return a good answer about a user with these changes."""
    changed = copy.deepcopy(GOOD)
    changed["data"]["user"].update(changes)
    return changed


def envelope(status: int, error_type: str, **more: Any) -> dict[str, Any]:
    """Return an error of Corbado's that holds a canary in each of its texts."""
    return {
        "httpStatusCode": status,
        "message": BODY_CANARY,
        "requestData": {"requestID": f"req-{status}", "link": f"https://{BODY_CANARY}"},
        "runtime": 0.01,
        "error": {"type": error_type, "links": [BODY_CANARY], "details": BODY_CANARY, **more},
    }


def complains(field: str) -> dict[str, Any]:
    """Return the part of a validation error that names a field."""
    return {"validation": [{"field": field, "message": BODY_CANARY}]}


def refused(status: int, error_type: str, error: type[CorbadoError], **more: Any) -> Failure:
    """Return a failure that Corbado announces in its envelope."""
    name = f"{status}-{error_type}" + "".join(f"-{value}" for value in more.values())
    body = envelope(status, error_type, **(complains(more["field"]) if "field" in more else {}))
    return Failure(name, served(answer(body, status)), error, status, f"req-{status}")


def strange(name: str, body: Any, request_id: str = "", **headers: str) -> Failure:
    """Return a 200 that is not a proper answer."""
    start = served(answer(body, **headers))
    return Failure(name, start, CorbadoUnavailable, 200, request_id)


GOOD_ID = GOOD["requestData"]["requestID"]
PADDING = b" " * (10 * 1024 * 1024)
GZIPPED = gzip.compress(PADDING * 10 + GOOD_BYTES)
TRICKLE = [step for _ in range(1200) for step in (b" ", 0.05)]
CONTINUE = [step for _ in range(1200) for step in (b"HTTP/1.1 100 Continue\r\n\r\n", 0.05)]
CHUNKS = [step for _ in range(1200) for step in (b"1\r\n \r\n", 0.05)]

CONNECTION = [
    Failure("refused", nobody_listens),
    Failure("unknown-host", no_such_name),
    Failure("connect-time-out", nobody_accepts, timeout=IMPATIENT),
    Failure("plain-behind-https", plain_behind_https),
    Failure("self-signed", served_with_tls(self_signed)),
    Failure("expired-certificate", served_with_tls(partial(tls_of, expired=True))),
    Failure(
        "certificate-of-another-host", served_with_tls(partial(tls_of, host="other.example.com"))
    ),
]

TIME = [
    Failure("read-time-out", served(LONG), timeout=IMPATIENT),
    Failure("headers-stall", served(b"HTTP/1.1 200 OK\r\nX-A: ", LONG), timeout=IMPATIENT),
    Failure("headers-trickle", served(b"HTTP/1.1 200 OK\r\nX-A: ", *TRICKLE), timeout=IMPATIENT),
    Failure("endless-continue", served(*CONTINUE), timeout=IMPATIENT),
    Failure("trickle", served(head(content_length="9999"), *TRICKLE), timeout=IMPATIENT),
    Failure("trickle-of-chunks", served(head(transfer_encoding="chunked"), *CHUNKS),
            timeout=IMPATIENT),
    Failure("redirect-that-trickles",
            served(head(302, location="/", content_length="9999"), *TRICKLE), timeout=IMPATIENT),
    Failure("body-stalls-late", served(head(content_length="9999"), GOOD_BYTES, LONG),
            timeout=IMPATIENT),
]  # fmt: skip

BROKEN = [
    Failure("reset-before-the-request", served(greeting=[RESET])),
    Failure("reset-after-the-request", served(RESET)),
    Failure("closed-without-an-answer", served(CLOSE)),
    Failure("truncated-headers", served(b"HTTP/1.1 200 OK\r\nContent-Le", CLOSE), status=200),
    Failure("truncated-body", served(answer(GOOD)[:-20], CLOSE)),
    Failure("reset-in-the-body", served(answer(GOOD)[:-20], RESET)),
    Failure("truncated-without-a-length", served(head(), GOOD_BYTES[:-20], CLOSE), status=200),
    Failure("truncated-chunks",
            served(head(transfer_encoding="chunked"), b"ff\r\n" + GOOD_BYTES[:99], CLOSE)),
    Failure("length-too-long", served(head(content_length="9999"), GOOD_BYTES, CLOSE)),
    Failure("length-too-short", served(head(content_length="99"), GOOD_BYTES), status=200),
    Failure("length-zero", served(head(content_length="0"), GOOD_BYTES), status=200),
    Failure("length-that-is-none", served(head(content_length="-9"), b"", CLOSE), status=200),
    Failure("chunk-without-a-length",
            served(head(transfer_encoding="chunked"), b"zz\r\n", GOOD_BYTES, CLOSE)),
    Failure("not-http", served(b"SSH-2.0-OpenSSH_9.2\r\n", CLOSE)),
    Failure("endless-header-line", served(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000, CLOSE)),
    Failure("endless-headers", served(b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 500, CLOSE)),
]  # fmt: skip

CONTENT = [
    Failure("gzip-bomb", served(answer(GZIPPED, content_encoding="gzip"))),
    Failure("gzip-bomb-shouted", served(answer(GZIPPED, content_encoding="GZIP"))),
    Failure("deflate", served(answer(zlib.compress(GOOD_BYTES), content_encoding="deflate"))),
    Failure("10-megabytes", served(answer(PADDING + GOOD_BYTES))),
    Failure("10-megabytes-without-a-length", served(head(), PADDING, GOOD_BYTES, CLOSE)),
    strange("empty", b""),
    strange("html", PAGE, content_type="text/html"),
    *(strange(f"json-{text}", text.encode())
      for text in ("null", "true", "7", "1e999", '"text"', "[]", "[{}]", "{}", "NaN")),
    strange("deep-nesting", b"[" * 100_000),
    strange("deep-nesting-inside", GOOD_BYTES[:-1] + b', "x": ' + b"[" * 100_000),
    strange("huge-number", b"9" * 10_000),
    strange("latin-1", json.dumps(with_user(fullName="Zoë"), ensure_ascii=False).encode("latin-1"),
            content_type="application/json; charset=utf-8"),
    strange("utf-16", json.dumps(GOOD).encode("utf-16")),
    strange("raw-surrogate", GOOD_BYTES.replace(b"Ada Example", b"Ada \xed\xa0\x80")),
    strange("error-with-200", envelope(200, "internal_error"), "req-200"),
    strange("no-data", {**GOOD, "data": None}, GOOD_ID),
    strange("data-of-another-call", sample("project_config_good").answer,
            sample("project_config_good").answer["requestData"]["requestID"]),
    strange("no-user", {**GOOD, "data": {"userID": "usr-1", "userData": "{}"}}, GOOD_ID),
    strange("empty-user-id", with_user(ID=""), GOOD_ID),
    strange("user-id-with-nul", with_user(ID="usr-1\x00"), GOOD_ID),
    strange("user-id-is-a-number", with_user(ID=4711), GOOD_ID),
    strange("another-user-id", with_user(ID="usr-2"), GOOD_ID),
    strange("emails-are-a-number", with_user(emails=7), GOOD_ID),
    strange("another-api", {"userID": "usr-1", "status": "active"}),
]  # fmt: skip

STATUS = [
    Failure("201", served(answer(GOOD, 201)), status=201, request_id=GOOD_ID),
    Failure("204", served(head(204)), status=204),
    *(Failure(f"{status}-elsewhere",
              served(answer(b"", status, location="http://localhost:9/elsewhere")), status=status)
      for status in (301, 302, 303, 307, 308)),
    Failure("302-nowhere", served(answer(b"", 302, location="http://[::1")), status=302),
    Failure("302-gzip-bomb", served(answer(GZIPPED, 302, location="/", content_encoding="gzip"))),
    refused(400, "validation_error", InvalidAuthToken, field="token"),
    refused(422, "validation_error", InvalidAuthToken, field="token"),
    refused(404, "not_found", InvalidAuthToken),
    refused(400, "validation_error", CorbadoRejected, field="remoteAddress"),
    refused(422, "validation_error", CorbadoRejected, field="userAgent"),
    refused(401, "login_error", CorbadoRejected),
    Failure("401-html", served(answer(PAGE, 401, **HTML)), CorbadoRejected, 401),
    refused(400, "project_id_mismatch", CorbadoRejected),
    refused(400, "invalid_json", CorbadoRejected),
    refused(403, "invalid_origin", CorbadoRejected),
    Failure("403-html", served(answer(PAGE, 403, **HTML)), CorbadoRejected, 403),
    refused(405, "method_not_allowed", CorbadoRejected),
    refused(409, "already_exists", CorbadoRejected),
    Failure("404-html", served(answer(PAGE, 404, **HTML)), status=404),
    Failure("404-json-of-somebody-else", served(answer({"detail": "Not Found"}, 404)), status=404),
    Failure("404-empty", served(answer(b"", 404)), status=404),
    Failure("409-html", served(answer(PAGE, 409, **HTML)), status=409),
    Failure("422-html", served(answer(PAGE, 422, **HTML)), status=422),
    refused(429, "rate_limited", CorbadoUnavailable),
    Failure("429-wait-40", served(answer(envelope(429, "rate_limited"), 429, retry_after="40")),
            status=429, request_id="req-429", retry_after=40),
    Failure("429-wait-an-hour", served(answer(PAGE, 429, retry_after="3600")),
            status=429, retry_after=3600),
    Failure("429-wait-until-yesterday",
            served(answer(PAGE, 429, retry_after="Thu, 01 Jan 1970 00:00:00 GMT")),
            status=429, retry_after=0),
    Failure("429-wait-until-soon", served(answer(PAGE, 429, retry_after="soon")), status=429),
    refused(500, "internal_error", CorbadoUnavailable),
    Failure("500-html", served(answer(PAGE, 500, **HTML)), status=500),
    Failure("502-html", served(answer(PAGE, 502, **HTML)), status=502),
    Failure("503-wait-50", served(answer(PAGE, 503, retry_after="50")), status=503, retry_after=50),
    Failure("503-with-a-good-body", served(answer(GOOD, 503)), status=503, request_id=GOOD_ID),
    Failure("504-html", served(answer(PAGE, 504, **HTML)), status=504),
]  # fmt: skip

FAILURES = [*CONNECTION, *TIME, *BROKEN, *CONTENT, *STATUS]
