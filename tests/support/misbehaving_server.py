"""A server on a real socket that does exactly what a test tells it, down to the byte.

What it does is a list of steps for each request: bytes to send, seconds to wait (numbers), and
RESET or CLOSE for the connection.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any


class End(Enum):
    """How the server ends a connection."""

    CLOSE = auto()
    RESET = auto()


CLOSE, RESET = End.CLOSE, End.RESET
Step = bytes | float | End
Steps = Sequence[Step]


@dataclass(frozen=True)
class Request:
    """One request as it came: ``connection`` and ``number`` count from 1.

    ``number`` is that of the request in its connection; ``total`` counts over all of them.
    """

    connection: int
    number: int
    total: int
    head: str
    body: bytes


Script = Callable[[Request], Steps]


class MisbehavingServer:
    """Serve a script on a free port of the loopback interface, one thread per connection.

    ``greeting`` is done before a request is read. Use as a context manager.
    """

    def __init__(
        self, script: Script, *, greeting: Steps = (), tls: ssl.SSLContext | None = None
    ) -> None:
        self._script = script
        self._greeting = greeting
        self._tls = tls
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self.requests: list[Request] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> MisbehavingServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopped.set()
        # Wakes the thread that waits in accept(); closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._sockets:
                _shut(connection)
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._sockets.append(connection)
                number = self.connections
            self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
                with self._lock:
                    self._sockets.append(connection)
                connection.do_handshake()
            self._converse(connection, number)
        except (OSError, ValueError):
            pass  # The client has gone, or the test is over.
        finally:
            connection.close()

    def _converse(self, connection: socket.socket, number: int) -> None:
        going_on = self._do(connection, self._greeting)
        with connection.makefile("rb") as reader:
            in_connection = 0
            while going_on and (read := _read_request(reader)) is not None:
                in_connection += 1
                with self._lock:
                    request = Request(number, in_connection, len(self.requests) + 1, *read)
                    self.requests.append(request)
                going_on = self._do(connection, self._script(request))

    def _do(self, connection: socket.socket, steps: Steps) -> bool:
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, End):
                _end(connection, step)
                return False
            elif self._stopped.wait(step):
                return False
        return True


def answer(body: bytes | Any = b"", status: int = 200, **headers: str) -> bytes:
    """Return a whole HTTP answer; what is not bytes is sent as JSON.

    Keywords are headers: ``retry_after="30"``.
    """
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("content_type", "application/json")
    return head(status, content_length=str(len(body)), **headers) + body


def head(status: int = 200, **headers: str) -> bytes:
    """Return the status line and the headers of an answer, and no length unless told."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def always(*steps: Step) -> Script:
    """Return the script that does the same for every request."""
    return lambda _request: steps


def _read_request(reader: Any) -> tuple[str, bytes] | None:
    lines = []
    while (line := reader.readline()) not in {b"\r\n", b""}:
        lines.append(line.decode("latin-1"))
    if not lines:
        return None
    lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length:")]
    return "".join(lines), reader.read(int(lengths[0])) if lengths else b""


def _end(connection: socket.socket, how: End) -> None:
    if how is RESET:
        # Linger for no time: the kernel sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    else:
        _shut(connection)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
