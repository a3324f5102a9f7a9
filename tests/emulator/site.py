"""A site with existing users, as far as Corbado sees it: the action webhook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.support.small_site import SmallSite


class WebhookSite(SmallSite):
    """Answer webhooks: ``people`` are usernames with their passwords, ``blocked`` are shut out.

    ``answer`` replaces what it says: a function of the body that returns a status and raw bytes.
    """

    def __init__(self) -> None:
        super().__init__(self._respond)
        self.people: dict[str, str] = {}
        self.blocked: set[str] = set()
        self.calls: list[tuple[dict[str, str], Any]] = []
        self.answer: Callable[[Any], tuple[int, bytes]] = self._honest
        self.url = f"http://127.0.0.1:{self.port}/webhook/"

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

    def _respond(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        self.calls.append((dict(request.headers), body))
        status, answer = self.answer(body)
        return Response(answer, status)
