"""A site with existing users, as far as Corbado sees it: the action webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the emulator may have stopped waiting."""


class WebhookSite:
    """Answer webhooks: ``people`` are usernames with their passwords, ``blocked`` are shut out.

    ``answer`` replaces what it says: a function of the body that returns a status and raw bytes.
    """

    def __init__(self) -> None:
        self.people: dict[str, str] = {}
        self.blocked: set[str] = set()
        self.calls: list[tuple[dict[str, str], Any]] = []
        self.answer: Callable[[Any], tuple[int, bytes]] = self._honest
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering; nothing listens at the URL any more."""
        self._server.shutdown()
        self._server.server_close()

    def _honest(self, body: Any) -> tuple[int, bytes]:
        username = body["data"]["username"]
        if body["action"] == "passwordVerify":
            right = self.people.get(username) == body["data"]["password"]
            data: dict[str, Any] = {"success": right}
        elif username in self.blocked:
            data = {"status": "blocked"}
        else:
            data = {"status": "exists" if username in self.people else "not_exists"}
        return 200, json.dumps({"responseID": "res-1", "data": data}).encode()

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                site.calls.append((dict(self.headers), body))
                status, answer = site.answer(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
