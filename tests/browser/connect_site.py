"""A site with Corbado Connect: its pages, its token endpoint, and what it makes of a passkey login.

The pages log what the component calls them with in ``window.called``, as [name, argument, …].
"""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import requests

from corbado_auth.emulator import Emulator, EmulatorConfig

# The same helpers for every page: whatever component is on it, it does the same with the site.
COMMON = """
window.called = [];
const note = (name) => (...given) => { window.called.push([name, ...given.map(String)]); };
const send = async (path, body) => {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(path);
  return answer.json();
};
const token = async (type) => (await send("/token", { type })).token;
const complete = async (signedPasskeyData, ...more) => {
  note("onComplete")(signedPasskeyData, ...more);
  const { user } = await send("/verify", { signedPasskeyData });
  document.querySelector("output").textContent = `Signed in as ${user}`;
};
"""
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Pottery</title>
<link rel="icon" href="data:,">
<style nonce="abc">:root {{ color-scheme: light dark; }}
body {{ margin: 2rem 1rem; font: 1rem/1.5 system-ui; }} h1 {{ text-align: center; }}</style>
<main><h1>Pottery</h1><div id="place"></div><output></output></main>
<script nonce="abc">{common}</script>
{scripts}
</html>"""


class ConnectSite:
    """The site, with an emulator of its own. ``user`` is signed in; ``refuses`` passkey logins."""

    def __init__(self) -> None:
        self.user = "4f1c"
        self.refuses = False
        self.results: list[str] = []
        self.pages: dict[str, str] = {}
        self.scripts: dict[str, Path] = {}
        # Sent with every page; inline scripts of a page then need the nonce "abc".
        self.policy = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://localhost:{self._server.server_port}"
        self.emulator = Emulator(EmulatorConfig(port=0, application_url=f"{self.url}/login"))

    def __enter__(self) -> Self:
        self.emulator.start()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.emulator.stop()

    @property
    def api(self) -> str:
        """Where the browser finds the emulator."""
        return self.emulator.url.replace("127.0.0.1", "localhost")

    def reset(self) -> None:
        self.user, self.refuses, self.results, self.policy = "4f1c", False, [], ""
        self.emulator.control.reset()

    def calls(self) -> list[str]:
        """The Connect calls since the last reset, oldest first, without events."""
        found = [entry.path.removeprefix("/v2/connect/") for entry in self._frontend()]
        return [path for path in found if path != "events"]

    def bodies(self, call: str) -> list[Any]:
        """What the browser sent to one of the calls."""
        return [entry.body for entry in self._frontend() if entry.path.endswith(call)]

    def events(self, count: int) -> list[str]:
        """The events, once there are this many: pages send them without waiting for the answer."""
        deadline = time.monotonic() + 10
        while len(bodies := self.bodies("/events")) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return [body["eventType"] for body in bodies]

    def _frontend(self) -> list[Any]:
        return [entry for entry in self.emulator.control.log.all() if entry.api == "frontend"]

    def token(self, kind: str) -> str:
        data = {"identifier": self.user}
        if kind == "passkey-append":
            data["displayName"] = f"{self.user}@example.com"
        return str(self._backend("connectTokens", {"type": kind, "data": data})["secret"])

    def verify(self, signed: str) -> str | None:
        """Return the user whom a passkey login signs in, according to Corbado."""
        payload = signed.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        body = {"signedPasskeyData": signed, "username": claims["webauthnId"]}
        result = self._backend("passkey/verifySignedData", body)["verificationResult"]
        self.results.append(result)
        return claims["webauthnId"] if result == "success" and not self.refuses else None

    def _backend(self, path: str, body: Mapping[str, Any]) -> Any:
        config = self.emulator.config
        answer = requests.post(
            f"{self.emulator.url}/v2/{path}",
            json=body,
            auth=(config.project_id, config.api_secret),
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path in site.scripts:
                    self._answer(200, site.scripts[path].read_bytes(), "text/javascript")
                elif path in site.pages:
                    html = PAGE.format(common=COMMON, scripts=site.pages[path])
                    self._answer(200, html.encode(), "text/html; charset=utf-8")
                else:
                    self._answer(404, b"", "text/plain")

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/token":
                    self._json(200, {"token": site.token(body["type"])})
                else:
                    user = site.verify(body["signedPasskeyData"])
                    self._json(200 if user else 401, {"user": user})

            def _json(self, status: int, body: Mapping[str, Any]) -> None:
                self._answer(status, json.dumps(body).encode(), "application/json")

            def _answer(self, status: int, data: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                if site.policy and kind.startswith("text/html"):
                    self.send_header("Content-Security-Policy", site.policy)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
