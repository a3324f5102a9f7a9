"""A load generator that costs as little as it can: one thread, a connection for each request.

Bounded: a fixed number of requests, of which only a few are under way at once, and only loopback.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterable, Iterator

SECONDS = 120.0


def send(port: int, requests: Iterable[bytes], *, at_once: int, expect: bytes) -> float:
    """Send all of them and return the seconds it took; each answer has to hold ``expect``."""
    waiting = iter(requests)
    under_way: dict[socket.socket, bytearray] = {}
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for _number in range(at_once):
            _start_next(port, waiting, under_way, selector)
        while under_way:
            if time.monotonic() > began + SECONDS:
                raise RuntimeError("The server is too slow, or it hangs.")
            for key, _events in selector.select(timeout=1):
                connection: socket.socket = key.fileobj  # type: ignore[assignment]
                piece = connection.recv(65536)
                under_way[connection] += piece
                if piece:
                    continue
                selector.unregister(connection)
                connection.close()
                answer = bytes(under_way.pop(connection))
                if expect not in answer:
                    raise RuntimeError(f"Not the answer that was expected: {answer[:400]!r}")
                _start_next(port, waiting, under_way, selector)
    return time.monotonic() - began


def _start_next(
    port: int,
    waiting: Iterator[bytes],
    under_way: dict[socket.socket, bytearray],
    selector: selectors.BaseSelector,
) -> None:
    request = next(waiting, None)
    if request is None:
        return
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(request)
    under_way[connection] = bytearray()
    selector.register(connection, selectors.EVENT_READ)
