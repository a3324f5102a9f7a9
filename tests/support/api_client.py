"""A front end or an app that calls the JSON API and checks every answer against its description."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.test import Client

import corbado_auth.headless
from corbado_auth.testing import Corbado
from tests.support.openapi import Description

PREFIX = "/auth/api"
ELSEWHERE = "https://app.example.org"


@lru_cache
def description() -> Description:
    """Return the API's description."""
    return Description(Path(corbado_auth.headless.__file__).parent, "openapi.yaml")


class ApiClient:
    """A client of the API: by default a page of the site itself.

    ``origin`` is where its pages are from, empty for an app; ``token`` is the answer's ``token``.
    """

    def __init__(self, corbado: Corbado, origin: str = "http://testserver") -> None:
        self.http = Client(enforce_csrf_checks=True)
        self.corbado = corbado
        self.origin = origin
        self.token: dict[str, str] = {}
        self.proof = ""

    @property
    def project_id(self) -> str:
        return str(self.corbado.settings["CORBADO_PROJECT_ID"])

    def get(self, path: str, **extra: Any) -> Any:
        return self.call("GET", path, None, **extra)

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.call("POST", path, {} if body is None else body, **extra)

    def patch(self, path: str, body: Any, **extra: Any) -> Any:
        return self.call("PATCH", path, body, **extra)

    def delete(self, path: str, **extra: Any) -> Any:
        return self.call("DELETE", path, None, **extra)

    def call(self, method: str, path: str, body: Any, **extra: Any) -> Any:
        """Make one call; a request that succeeds, and any answer, have to be as described.

        A body of text or bytes is sent as it is.
        """
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        response = self.http.generic(
            method,
            PREFIX + path,
            "" if body is None else text,
            **{"content_type": "application/json", "headers": self.headers(), **extra},
        )
        if response.content:
            answer = response.json()
            where = urlsplit(path).path
            assert not description().problems_of_answer(method, where, response.status_code, answer)
            if response.status_code < 300 and body is not None:
                assert not description().problems_of_request(method, where, body)
        else:
            assert response.status_code == 204
        assert "no-store" in response["Cache-Control"]
        assert "Origin" in response["Vary"]
        return response

    def headers(self) -> dict[str, str]:
        named = {"Origin": self.origin, "Corbado-Auth-Proof": self.proof}
        if self.token:
            named["Authorization"] = f"{self.token['scheme']} {self.token['access']}"
        return {name: value for name, value in named.items() if value}

    def begin(self, email: str = "") -> str:
        """Begin a sign-in, and return the state."""
        return str(self.post("/sign-in/", {"email": email} if email else {}).json()["state"])

    def finish(self, whose: Any, *, email: str = "", state: str = "", **more: Any) -> Any:
        """Finish a sign-in as this person at Corbado."""
        state = state or self.begin(email)
        token = self.corbado.issue_token(whose)
        return self.keep(
            self.post("/sign-in/finish/", {"state": state, "authToken": token, **more})
        )

    def sign_in(self, whose: Any, **more: Any) -> Any:
        """Sign in a person who typed their address here."""
        response = self.finish(whose, email=whose.email, **more)
        assert response.status_code == 200, response.content
        return response

    def confirm(self, refusal: Any) -> Any:
        """Confirm the person of a 409."""
        return self.keep(self.post("/sign-in/confirm/", {"pending": refusal.json()["pending"]}))

    def keep(self, response: Any) -> Any:
        """Keep the token of a sign-in, as a client does."""
        self.token = response.json().get("token", self.token)
        self.proof = response.json().get("sign_in_proof", self.proof)
        return response

    def who(self) -> Any:
        """Return the name of the person who is signed in, or None."""
        person = self.get("/session/").json()["user"]
        return person and person["email"]


def delete_at_corbado(corbado: Corbado, user_id: str) -> None:
    """Delete a person there, as in Corbado's panel."""
    requests.delete(
        f"{corbado.url}/v1/users/{user_id}",
        json={},
        auth=(corbado.settings["CORBADO_PROJECT_ID"], corbado.settings["CORBADO_API_SECRET"]),
        timeout=30,
    ).raise_for_status()
