"""The calls of a sign-in and of a migration, answered by a small fast server that fails as told.

The emulator is faithful; this one is quick enough to be asked a million times, and loses answers
after it has done what was asked. ``python -m tests.support.scripted_corbado`` serves it as a
process of its own, so that no CPU of it is counted, and prints the address; GET /state tells what
was asked, and GET /delay?seconds=2 how long each answer waits from then on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.worker import ROOT
from tests.wire import sample

Faults = ("429", "500", "lost")
FILL = "-"


def token_of(name: str) -> str:
    """Return the token that the Corbado user ``usr-{name}`` comes with, ``{name}@example.com``."""
    return name.ljust(64, FILL)


@contextmanager
def a_corbado(*arguments: str) -> Iterator[str]:
    """Serve one from a process of its own, and return its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.scripted_corbado", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


class ScriptedCorbado:
    """Hold users by address, and answer; a share of the calls fails in one of three ways.

    ``users`` maps addresses to (ID, time); ``on_create`` is called after a user was made and before
    that is answered. ``closes`` ends each connection after its first answer.
    """

    def __init__(
        self,
        *,
        faults: float = 0.0,
        seed: int = 1,
        delay: float = 0.0,
        closes: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.users: dict[str, tuple[str, float]] = {}
        self.people = 0
        self.faults = faults
        self.delay = delay
        self.closes = closes
        self._tls = tls
        self._vouches = _template()
        self.connected = 0
        self.calls: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self._first = self._last = 0.0
        self.on_create: Callable[[], None] = lambda: None
        self.url = ""
        self.connections: set[asyncio.Transport] = set()
        self._random = random.Random(seed)  # noqa: S311

    @property
    def seconds(self) -> float:
        """Return the time from the first call to the last."""
        return self._last - self._first

    def answer(self, method: str, target: str, body: bytes) -> bytes | None:
        """Return the answer, or None for one that is lost."""
        path = urlsplit(target).path
        if path == "/state":
            counts = {"users": len(self.users), "calls": self.calls, "seconds": self.seconds}
            return _http(200, {**counts, "connections": self.connected})
        if path == "/delay":
            self.delay = float(parse_qs(urlsplit(target).query)["seconds"][0])
            return _http(200, {})
        self.calls["all"] += 1
        self._last = time.monotonic()
        self._first = self._first or self._last
        fault = self._random.choice(Faults) if self._random.random() < self.faults else ""
        self.calls[fault] += 1
        if fault in {"429", "500"}:
            kind = "rate_limited" if fault == "429" else "internal_error"
            return _http(int(fault), {"error": {"type": kind, "links": []}}, b"Retry-After: 0\r\n")
        answer = self._do(method, path, target, body)
        return None if fault == "lost" else answer

    def _do(self, method: str, path: str, target: str, body: bytes) -> bytes:
        if path == "/v1/authTokens/validate":
            name = json.loads(body)["token"].rstrip(FILL)
            closing = b"Connection: close\r\n" if self.closes else b""
            return _answer(200, self._vouches.replace("\0", name).encode(), closing)
        if path == "/v2/passkey/verifySignedData":
            return _answer(200, b'{"verificationResult": "success"}', b"")
        if method == "POST" and path == "/v1/users":
            return self._create(json.loads(body)["email"].lower())
        if path == "/v1/users":
            query = parse_qs(urlsplit(target).query)
            if "filter[]" not in query:
                return self._page(int(query["page"][0]), int(query["pageSize"][0]))
            condition = query["filter[]"][0]
            address = condition.removeprefix("name:eq:").lower()
            users = [_user(address, *self.users[address])] if address in self.users else []
            return _http(200, {"data": {"users": users, "paging": _paging(len(users))}})
        return _http(200, {"rows": [], "paging": _paging(0)})

    def _page(self, page: int, page_size: int) -> bytes:
        """List this many made-up people, whose addresses are confirmed."""
        numbers = range((page - 1) * page_size, min(page * page_size, self.people))
        users = [_user(f"{each}@example.com", f"usr-{each}", 0, "active") for each in numbers]
        paging = {**_paging(self.people), "page": page}
        paging["totalPages"] = max(1, -(-self.people // page_size))
        return _http(200, {"data": {"users": users, "paging": paging}})

    def _create(self, address: str) -> bytes:
        if address in self.users:
            return _http(409, {"error": {"type": "already_exists", "links": []}})
        user_id = f"usr-{len(self.users) + 1}"
        self.users[address] = (user_id, time.time())
        self.on_create()
        return _http(200, {"data": {"userID": user_id, "emailID": "", "phoneNumberID": ""}})

    # Serving ----------------------------------------------------------------------------------

    def __enter__(self) -> ScriptedCorbado:
        started: Future[None] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, args=[started], daemon=True)
        self._thread.start()
        started.result(timeout=10)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self, started: Future[None]) -> None:
        server = self._loop.run_until_complete(self.listen(self._loop))
        started.set_result(None)
        self._loop.run_forever()
        server.close()
        for connection in list(self.connections):
            connection.abort()
        self._loop.run_until_complete(server.wait_closed())
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        """Listen on a free port of the loopback interface."""
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, ssl=self._tls)
        self.url = (
            f"http{'s' if self._tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        )
        return server


class _Connection(asyncio.Protocol):
    """Read requests one after the other; the client never sends the next before its answer."""

    def __init__(self, corbado: ScriptedCorbado) -> None:
        self._corbado = corbado
        self._read = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._corbado.connections.add(transport)
        self._corbado.connected += 1

    def connection_lost(self, _error: Exception | None) -> None:
        self._corbado.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        if not found:
            return
        _before, length, after = head.lower().partition(b"content-length:")
        if length and len(body) < int(after.split(b"\r\n", 1)[0]):
            return
        self._read = b""
        method, target, _version = head.split(b"\r\n", 1)[0].decode().split(" ")
        self._corbado.in_flight += 1
        self._corbado.most_in_flight = max(self._corbado.most_in_flight, self._corbado.in_flight)
        answer = self._corbado.answer(method, target, body)
        if self._corbado.delay and target.startswith("/v1/"):
            loop = asyncio.get_running_loop()
            loop.call_later(self._corbado.delay, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: bytes | None) -> None:
        self._corbado.in_flight -= 1
        if answer is None:
            self._transport.abort()
        else:
            self._transport.write(answer)
            if self._corbado.closes:
                self._transport.close()


def _template() -> str:
    """Return the sample of the wire, with NUL for what is in the token, and one address."""
    good = sample("validate_good").answer
    person = good["data"]["user"]
    del person["emails"][1:]  # Unconfirmed: looking for its owner is a query of its own.
    text = json.dumps(good).replace(good["data"]["userID"], "usr-\0")
    return text.replace(person["emails"][0]["email"], "\0@example.com")


def _http(status: int, answer: dict[str, Any], headers: bytes = b"") -> bytes:
    envelope = {
        "httpStatusCode": status,
        "message": "OK" if status == 200 else "Error",
        "requestData": {"requestID": "req-1", "link": "https://my.corbado.com/requests/req-1"},
        "runtime": 0.01,
        **answer,
    }
    return _answer(status, json.dumps(envelope).encode(), headers)


def _answer(status: int, body: bytes, headers: bytes) -> bytes:
    return (
        b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
        % (status, headers, len(body))
    ) + body


def _user(address: str, user_id: str, created: float, status: str = "pending") -> dict[str, Any]:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created))
    times = {"created": moment, "updated": moment}
    return {
        "ID": user_id,
        "name": address,
        "fullName": address,
        "status": "active",
        **times,
        "emails": [{"ID": "ema-1", "email": address, "status": status, **times}],
        "phoneNumbers": [],
        "usernames": [],
        "socialAccounts": [],
    }


def _paging(number: int) -> dict[str, int]:
    return {"page": 1, "totalPages": 1, "totalItems": number}


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--people", type=int, default=0, help="list this many made-up people")
    parser.add_argument("--closes", action="store_true", help="close after each answer")
    parser.add_argument("--certificate", type=Path, help="speak TLS, with this")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    loop = asyncio.new_event_loop()
    corbado = ScriptedCorbado(delay=options.delay, closes=options.closes, tls=tls)
    corbado.people = options.people
    loop.run_until_complete(corbado.listen(loop))
    print(corbado.url, flush=True)
    loop.run_forever()


if __name__ == "__main__":
    main()
