"""gunicorn's own worker, handed one connection after the other by this process.

So a request costs what it costs under gunicorn (read, parsed, answered, closed), and its CPU time
can be taken alone.
"""

from __future__ import annotations

import json
import re
import socket
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.sync import SyncWorker

HOST = "www.example.com"
VISITOR = ("192.0.2.7", 40000)
# What Chromium sends, and nginx adds.
BROWSER = {
    "Host": HOST,
    "Connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "X-Forwarded-For": VISITOR[0],
    "X-Forwarded-Proto": "https",
}


@dataclass(frozen=True)
class Answer:
    """What came back, and the CPU time that it took."""

    status: int
    headers: tuple[str, ...]
    body: bytes
    seconds: float

    @property
    def cookies(self) -> str:
        """Return what a browser sends next time; read only when asked, since this is no site's."""
        jar = SimpleCookie()
        for header in self.headers:
            name, _colon, value = header.partition(": ")
            if name.lower() == "set-cookie":
                jar.load(value)
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in jar.values() if cookie.value)

    @property
    def has_session(self) -> bool:
        """Return whether the browser is given a session."""
        return any(re.match("Set-Cookie: sessionid=[a-z0-9]", each) for each in self.headers)


def get(target: str, *, cookies: str = "", **headers: str) -> bytes:
    """Return a browser's request as it travels."""
    more = {"Cookie": cookies} if cookies else {}
    return _request("GET", target, {**BROWSER, **more}, headers)


def post_json(target: str, value: Any, **headers: str) -> bytes:
    """Return a server's request as it travels."""
    body = json.dumps(value).encode()
    own = {"Host": HOST, "Content-Type": "application/json", "Content-Length": str(len(body))}
    own["X-Forwarded-Proto"] = "https"
    return _request("POST", target, own, headers) + body


def _request(method: str, target: str, own: dict[str, str], more: dict[str, str]) -> bytes:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    lines = [f"{name}: {value}" for name, value in {**own, **named}.items()]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode()


class Server:
    """One worker of gunicorn in this process."""

    def __init__(self, application: Any) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        config = Config()
        config.set("forwarded_allow_ips", "*")
        self._worker = SyncWorker(0, 0, [self._listener], None, 30, config, Logger(config))
        self._worker.wsgi = application

    def answer(self, request: bytes) -> Answer:
        """Hand one request over and return what came back."""
        here, there = socket.socketpair()
        with here:
            here.sendall(request)
            here.shutdown(socket.SHUT_WR)
            began = time.thread_time()
            self._worker.handle(self._listener, there, VISITOR)
            seconds = time.thread_time() - began
            whole = b"".join(iter(lambda: here.recv(65536), b""))
        head, _blank, body = whole.partition(b"\r\n\r\n")
        first, *headers = head.decode("latin-1").split("\r\n")
        return Answer(int(first.split(" ")[1]), tuple(headers), body, seconds)
