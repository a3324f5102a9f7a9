"""Find the handler for a method and path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from werkzeug.wrappers import Request, Response

from corbado_auth.emulator.fields import Fields
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.wire import ApiError, not_found

Api = Literal["backend", "frontend"]
Handler = Callable[["Call"], "Mapping[str, Any] | Response"]


@dataclass(frozen=True)
class Call:
    """An authenticated call of a project's API, with its body parsed."""

    project: Project
    request: Request
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    def fields(self) -> Fields:
        return Fields(self.body)

    @property
    def user_agent(self) -> str:
        return self.request.headers.get("User-Agent", "")

    @property
    def bearer(self) -> str:
        """Return the bearer token of the Authorization header, or an empty string."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(frozen=True)
class Route:
    """A line of the route table; ``{name}`` in the path is a parameter."""

    api: Api
    method: str
    path: str
    handler: Handler
    # POST and PUT need a JSON body, and DELETE of the backend API too (API notes 1.5).
    needs_body: bool = True


def bare(payload: Mapping[str, Any]) -> Response:
    """Return an answer without the envelope, as API v2 does on success (API notes C.2.1)."""
    return Response(json.dumps(payload), mimetype="application/json")


class Router:
    """A route table; fixed paths take precedence over paths with parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            if "{" in route.path:
                key: Any = tuple(route.path.split("/"))
                self._patterns.setdefault(key, {})[route.method] = route
            else:
                self._fixed.setdefault(route.path, {})[route.method] = route

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and its parameters; raise ``not_found`` or ``method_not_allowed``."""
        methods, params = self._find(path)
        if methods is None:
            raise not_found("Unknown path")
        if method not in methods:
            raise ApiError(405, "method_not_allowed", f"{method} is not supported here")
        return methods[method], params

    def methods(self, path: str) -> dict[str, Route]:
        """Return the routes of a path by method."""
        return self._find(path)[0] or {}

    def _find(self, path: str) -> tuple[dict[str, Route] | None, dict[str, str]]:
        if path in self._fixed:
            return self._fixed[path], {}
        segments = path.split("/")
        for pattern, methods in self._patterns.items():
            params = _params(pattern, segments)
            if params is not None:
                return methods, params
        return None, {}


def _params(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    params = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not given:
                return None
            params[expected[1:-1]] = given
        elif expected != given:
            return None
    return params
