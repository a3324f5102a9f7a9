"""Compare the emulator's answers with Corbado's OpenAPI descriptions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from corbado_auth.emulator.app import ROUTES
from tests.emulator.clients import Judge
from tests.support.openapi import Description

# API and version -> description, and what its paths leave out.
FILES = {
    ("backend", "v1"): ("backend_api_public.yml", ""),
    ("frontend", "v1"): ("frontend_api_public.yml", ""),
    ("backend", "v2"): ("backend_api_public_v2_2025-09.yml", "/v2"),
    ("frontend", "v2"): ("frontend_api_public_v2.yml", ""),
}
# Documented, but in none of these files.
UNDESCRIBED = {"/v2/connect/config"}


def describe(folder: Path) -> Judge:
    """Return a judge that fails a test whose answer is not as described."""
    descriptions = {
        key: (_Forgiving(folder, name), prefix) for key, (name, prefix) in FILES.items()
    }

    def judge(api: str, method: str, path: str, status: int, body: Any) -> None:
        template = template_of(api, method, path)
        if template is not None and template not in UNDESCRIBED:
            version = "v2" if template.startswith("/v2/") else "v1"
            description, prefix = descriptions[api, version]
            described = template.removeprefix(prefix)
            problems = description.problems_of_answer(method, described, status, body)
            assert not problems, (method, path, status, problems, body)

    return judge


class _Forgiving(Description):
    """A description with two gaps that no answer could fill.

    The frontend API v2 leaves errors out: they are judged by those of the backend API. And ``data``
    of a connect token is ``oneOf`` four shapes that fit each other's values.
    """

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, name)
        self._folder = folder

    def problems_of_answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        responses = self._operation(path, method)["responses"]
        if status == 204 and "204" in responses:
            return [] if body is None else ["no body is described"]
        described = responses.get(str(status)) or responses.get("default")
        if described is not None and ("content" in described or "$ref" in described):
            problems = super().problems_of_answer(method, path, status, body)
            return [text for text in problems if "is valid under each of" not in text]
        if status < 400:
            return [f"status {status} is not described"]
        errors = Description(self._folder, FILES["backend", "v2"][0])
        return errors.problems_of_answer("GET", "/users", status, body)


def template_of(api: str, method: str, path: str) -> str | None:
    """Return the path of a route with its parameters' names, as the descriptions write it."""
    for route in ROUTES:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.path))
        if route.api == api and route.method == method and re.fullmatch(pattern, path):
            return route.path
    return None
