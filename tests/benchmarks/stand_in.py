"""A stand-in for Corbado that vouches for whomever a token names, as fast as it can.

``python -m tests.benchmarks.stand_in`` serves it as a process of its own, so that no CPU of it is
counted, and prints the address. GET /state tells how many calls and connections there were.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.worker import ROOT
from tests.wire import sample

SAMPLE = sample("validate_good").answer
FILL = "-"


def token_of(name: str) -> str:
    """Return the token that the Corbado user ``usr-{name}`` comes with, ``{name}@example.com``."""
    return name.ljust(64, FILL)


@contextmanager
def a_stand_in(*arguments: str) -> Iterator[str]:
    """Start it as a process of its own, and return its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.stand_in", *arguments],
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


class StandIn:
    """Answer with the sample of the wire, in which the person's ID and address are replaced."""

    def __init__(self, *, delay: float, closes: bool) -> None:
        self.delay = delay
        self.closes = closes
        self.calls = self.connections = 0
        person = SAMPLE["data"]["user"]
        template = json.dumps(SAMPLE)
        template = template.replace(SAMPLE["data"]["userID"], "usr-\0")
        self._template = template.replace(person["emails"][0]["email"], "\0@example.com")

    def answer(self, method: str, path: str, body: bytes) -> bytes:
        """Return the whole answer."""
        if method == "GET":
            state = {"calls": self.calls, "connections": self.connections}
            return self._http(json.dumps(state))
        self.calls += 1
        name = json.loads(body)["token"].rstrip(FILL)
        return self._http(self._template.replace("\0", name))

    def _http(self, text: str) -> bytes:
        closing = b"Connection: close\r\n" if self.closes else b""
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
            % (closing, len(text), text.encode())
        )


class _Connection(asyncio.Protocol):
    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._read = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._stand_in.connections += 1

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        _before, length, after = head.lower().partition(b"content-length:")
        if not found or (length and len(body) < int(after.split(b"\r\n", 1)[0])):
            return
        self._read = b""
        method, path, _version = head.split(b"\r\n", 1)[0].decode().split(" ")
        answer = self._stand_in.answer(method, path, body)
        if self._stand_in.delay:
            asyncio.get_running_loop().call_later(self._stand_in.delay, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        self._transport.write(answer)
        if self._stand_in.closes:
            self._transport.close()


async def _serve(stand_in: StandIn, certificate: Path | None) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(stand_in), "127.0.0.1", 0, ssl=context)
    scheme = "https" if certificate else "http"
    print(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--closes", action="store_true", help="close after each answer")
    parser.add_argument("--certificate", type=Path, help="speak TLS, with this")
    options = parser.parse_args()
    stand_in = StandIn(delay=options.delay, closes=options.closes)
    asyncio.run(_serve(stand_in, options.certificate))


if __name__ == "__main__":
    main()
