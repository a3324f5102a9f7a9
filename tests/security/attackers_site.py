"""The attacker's own web site, on a port and under host names of its own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class AttackersSite:
    """Serve pages that a test writes: ``page()`` adds one and returns its address.

    Browsers resolve every name below ``localhost`` to this machine, so one server is several sites.
    """

    def __init__(self) -> None:
        pages: dict[str, tuple[int, dict[str, str], bytes]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = pages.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Stay quiet."""

        self._pages = pages
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def page(self, html: str, *, host: str = "evil.localhost", **headers: str) -> str:
        """Add a page; return its URL. Header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = f"<!doctype html><title>Win a prize</title>{html}".encode()
        return self._add(host, 200, {"Content-Type": "text/html", **named}, body)

    def redirect(self, url: str, *, host: str = "other.localhost", status: int = 302) -> str:
        """Add a redirect; return its URL."""
        return self._add(host, status, {"Location": url}, b"")

    def _add(self, host: str, status: int, headers: dict[str, str], body: bytes) -> str:
        path = f"/{len(self._pages)}"
        self._pages[path] = status, headers, body
        return f"http://{host}:{self._server.server_port}{path}"

    def __enter__(self) -> AttackersSite:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
