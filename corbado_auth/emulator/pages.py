"""Serve the static files: the components and the page ``/_emulator/``."""

from __future__ import annotations

import re
from pathlib import Path

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from corbado_auth.emulator.config import EmulatorConfig

STATIC = Path(__file__).parent / "static"
PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
# The modules of the two components and of the page.
MODULE = re.compile(r"/static/(?:auth|connect|page)/[a-z_]+\.js")
# Path -> file of `static/`.
FILES = {
    "/auth.js": "auth.js",
    "/connect/web-js.js": "web-js.js",
    "/_emulator/": "emulator.html",
    "/_emulator/emulator.css": "emulator.css",
    "/_emulator/emulator.js": "emulator.js",
}
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
}


def respond(config: EmulatorConfig, request: Request) -> Response:
    """Answer a request for a file."""
    if request.method not in {"GET", "HEAD"}:
        return plain(405, "Files can only be read.")
    if request.path in {"/", "/_emulator"}:
        return redirect("/_emulator/", 302, Response)
    file = _file(config, request.path)
    if file is None or not file.is_file():
        return plain(404, "There is no such file.")
    response = Response(file.read_bytes(), content_type=_type_of(request.path))
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.path.startswith("/_emulator/"):
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    else:
        # The site loads the component from here; a module script needs CORS for that.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def plain(status: int, text: str) -> Response:
    """Answer with one sentence."""
    return Response(text + "\n", status=status, content_type="text/plain; charset=utf-8")


def _type_of(path: str) -> str:
    # By the path: the web component may be a file with any name.
    kind = "text/html" if path.endswith("/") else TYPES[path[path.rindex(".") :]]
    return f"{kind}; charset=utf-8"


def _file(config: EmulatorConfig, path: str) -> Path | None:
    if path == "/auth.js" and config.web_component is not None:
        return config.web_component
    if path in FILES:
        return STATIC / FILES[path]
    if MODULE.fullmatch(path):
        return STATIC / path.removeprefix("/static/")
    return None
