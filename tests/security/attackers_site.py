"""The attacker's own web site, on a port and under host names of its own."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from tests.support.small_site import SmallSite


class AttackersSite(SmallSite):
    """Serve pages that a test writes: ``page()`` adds one and returns its address.

    Browsers resolve every name below ``localhost`` to this machine, so one server is several sites.
    """

    def __init__(self) -> None:
        super().__init__(self._respond)
        self._pages: dict[str, tuple[str, int, dict[str, str]]] = {}

    def page(self, html: str, *, host: str = "evil.localhost", **headers: str) -> str:
        """Add a page; return its URL. Header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = f"<!doctype html><title>Win a prize</title>{html}"
        return self._add(host, body, 200, {"Content-Type": "text/html", **named})

    def redirect(self, url: str, *, host: str = "other.localhost", status: int = 302) -> str:
        """Add a redirect; return its URL."""
        return self._add(host, "", status, {"Location": url})

    def _add(self, host: str, body: str, status: int, headers: dict[str, str]) -> str:
        path = f"/{len(self._pages)}"
        self._pages[path] = body, status, headers
        return f"http://{host}:{self.port}{path}"

    def _respond(self, request: Request) -> Response:
        return Response(*self._pages.get(request.path, ("", 404, {})))
