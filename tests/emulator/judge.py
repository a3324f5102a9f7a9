"""Compare the emulator's answers with Corbado's OpenAPI descriptions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from corbado_auth.emulator.app import ROUTES
from tests.emulator.clients import Judge
from tests.support.openapi import Description

FILES = {"backend": "backend_api_public.yml", "frontend": "frontend_api_public.yml"}


def describe(folder: Path) -> Judge:
    """Return a judge that fails a test whose answer is not as described."""
    descriptions = {api: Description(folder, name) for api, name in FILES.items()}

    def judge(api: str, method: str, path: str, status: int, body: Any) -> None:
        template = template_of(api, method, path)
        if template is not None:
            problems = descriptions[api].problems_of_answer(method, template, status, body)
            assert not problems, (method, path, status, problems, body)

    return judge


def template_of(api: str, method: str, path: str) -> str | None:
    """Return the path of a route with its parameters' names, as the descriptions write it."""
    for route in ROUTES:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.path))
        if route.api == api and route.method == method and re.fullmatch(pattern, path):
            return route.path
    return None
