"""A site's action webhook whose answers a test decides (contract 3)."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Webhook:
    """Knows the passwords of `passwords`; `calls` keeps the actions that it was asked."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {}
        self.calls: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def project_settings(self) -> dict[str, Any]:
        """What the project config needs, so that this webhook is called."""
        return {
            "webhookURL": f"http://127.0.0.1:{self._server.server_port}/",
            "webhookUsername": "webhooks",
            "webhookPassword": "made-up-password-of-the-tests",
            "webhookActions": ["authMethods", "passwordVerify"],
        }

    def answer(self, action: str, data: dict[str, str]) -> dict[str, Any]:
        self.calls.append(action)
        known = self.passwords.get(data["username"])
        if action == "authMethods":
            return {"status": "not_exists" if known is None else "exists"}
        return {"success": known is not None and known == data["password"]}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = webhook.answer(asked["action"], asked["data"])
                body = json.dumps({"responseID": "", "data": answer}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        return Handler
