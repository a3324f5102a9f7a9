"""The three calls of a migration, answered by a small fast server that fails as told.

The emulator is faithful; this one is quick enough to be asked a million times, and loses answers
after it has done what was asked. ``python -m tests.support.scripted_corbado`` serves it as a
process of its own and prints the address.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any
from urllib.parse import parse_qs, urlsplit

Faults = ("429", "500", "lost")


class ScriptedCorbado:
    """Hold users by address, and answer; a share of the calls fails in one of three ways.

    ``users`` maps addresses to (ID, time); ``on_create`` is called after a user was made and before
    that is answered.
    """

    def __init__(self, *, faults: float = 0.0, seed: int = 1, delay: float = 0.0) -> None:
        self.users: dict[str, tuple[str, float]] = {}
        self.faults = faults
        self.delay = delay
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
            answer = {"users": len(self.users), "calls": self.calls, "seconds": self.seconds}
            return _http(200, answer)
        if path == "/users":
            return _http(200, {"users": {address: user[0] for address, user in self.users.items()}})
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
        if method == "POST" and path == "/v1/users":
            return self._create(json.loads(body)["email"].lower())
        if path == "/v1/users":
            condition = parse_qs(urlsplit(target).query)["filter[]"][0]
            address = condition.removeprefix("name:eq:").lower()
            users = [_user(address, *self.users[address])] if address in self.users else []
            return _http(200, {"data": {"users": users, "paging": _paging(len(users))}})
        return _http(200, {"rows": [], "paging": _paging(0)})

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
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server


class _Connection(asyncio.Protocol):
    """Read requests one after the other; the client never sends the next before its answer."""

    def __init__(self, corbado: ScriptedCorbado) -> None:
        self._corbado = corbado
        self._read = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._corbado.connections.add(transport)

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
        if self._corbado.delay:
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


def _http(status: int, answer: dict[str, Any], headers: bytes = b"") -> bytes:
    envelope = {
        "httpStatusCode": status,
        "message": "OK" if status == 200 else "Error",
        "requestData": {"requestID": "req-1", "link": "https://my.corbado.com/requests/req-1"},
        "runtime": 0.01,
        **answer,
    }
    body = json.dumps(envelope).encode()
    return (
        b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
        % (status, headers, len(body))
    ) + body


def _user(address: str, user_id: str, created: float) -> dict[str, Any]:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created))
    times = {"created": moment, "updated": moment}
    return {
        "ID": user_id,
        "name": address,
        "fullName": address,
        "status": "active",
        **times,
        "emails": [{"ID": "ema-1", "email": address, "status": "pending", **times}],
        "phoneNumbers": [],
        "usernames": [],
        "socialAccounts": [],
    }


def _paging(number: int) -> dict[str, int]:
    return {"page": 1, "totalPages": 1, "totalItems": number}


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    loop = asyncio.new_event_loop()
    corbado = ScriptedCorbado(faults=options.faults, delay=options.delay)
    loop.run_until_complete(corbado.listen(loop))
    print(corbado.url, flush=True)
    loop.run_forever()


if __name__ == "__main__":
    main()
