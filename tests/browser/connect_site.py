"""A site with Corbado Connect: its pages, its token endpoint, and what it makes of a passkey login.

The pages log what the component calls them with in ``window.called``, as [name, argument, …].
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import requests
from werkzeug.wrappers import Request, Response

from corbado_auth.emulator import Emulator, EmulatorConfig
from tests.support.small_site import SmallSite

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


class ConnectSite(SmallSite):
    """The site, with an emulator of its own. ``user`` is signed in; ``refuses`` passkey logins."""

    def __init__(self) -> None:
        super().__init__(self._respond)
        self.user = "4f1c"
        self.refuses = False
        self.results: list[str] = []
        self.pages: dict[str, str] = {}
        self.scripts: dict[str, Path] = {}
        # Sent with every page; inline scripts of a page then need the nonce "abc".
        self.policy = ""
        self.url = f"http://localhost:{self.port}"
        self.emulator = Emulator(EmulatorConfig(port=0, application_url=f"{self.url}/login"))

    def __enter__(self) -> Self:
        self.emulator.start()
        return super().__enter__()

    def close(self) -> None:
        super().close()
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

    def _respond(self, request: Request) -> Response:
        if request.path in self.scripts:
            return Response(self.scripts[request.path].read_bytes(), mimetype="text/javascript")
        if request.path in self.pages:
            html = PAGE.format(common=COMMON, scripts=self.pages[request.path])
            headers = {"Content-Security-Policy": self.policy} if self.policy else {}
            return Response(html, headers=headers, mimetype="text/html")
        if request.path == "/token":
            return _json(200, {"token": self.token(request.get_json()["type"])})
        if request.path == "/verify":
            user = self.verify(request.get_json()["signedPasskeyData"])
            return _json(200 if user else 401, {"user": user})
        return Response(status=404)


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
