"""Compares JSON with Corbado's own OpenAPI descriptions, where they are at hand."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

# OpenAPI 3.0 schemas are close to JSON Schema draft 4; `nullable`, the difference that would
# matter, is not used in these files.
Problem = str


class Description:
    """One OpenAPI file, with the files beside it that it refers to."""

    def __init__(self, folder: Path, name: str = "backend_api_public.yml") -> None:
        self.name = name
        self._files = {path.name: _load(path) for path in sorted(folder.glob("*.y*ml"))}
        self._registry: Any = Registry().with_resources(
            (file, Resource(contents=contents, specification=DRAFT4))
            for file, contents in self._files.items()
        )

    def problems_of_request(self, method: str, path: str, body: Any) -> list[Problem]:
        """List what is wrong with a request's body."""
        operation = self._operation(path, method)
        if "requestBody" not in operation:
            return [] if body is None else ["no body is described"]
        return self._problems(body, self._pointer(path, method), "requestBody")

    def problems_of_answer(self, method: str, path: str, status: int, body: Any) -> list[Problem]:
        """List what is wrong with the body of an answer."""
        responses = self._operation(path, method)["responses"]
        which = str(status) if str(status) in responses else "default"
        if "$ref" in responses[which]:
            kind = responses[which]["$ref"].rpartition("/")[2]
            return self._problems(body, ["components", "responses", kind])
        return self._problems(body, self._pointer(path, method), "responses", which)

    def problems_of_error(self, body: Any) -> list[Problem]:
        """List what is wrong with a failure that ``components`` describes as ``Error``."""
        return self._problems(body, ["components", "responses", "Error"])

    def _operation(self, path: str, method: str) -> Any:
        return self._files[self.name]["paths"][self._template(path)][method.lower()]

    def _pointer(self, path: str, method: str) -> list[str]:
        return ["paths", self._template(path), method.lower()]

    def _template(self, path: str) -> str:
        """Return the path as described: ``/v1/users/{userID}`` for one user's."""
        described = self._files[self.name]["paths"]
        if path in described:
            return path
        fits = (each for each in described if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path))
        return next(fits)

    def _problems(self, body: Any, start: list[str], *more: str) -> list[Problem]:
        parts = [*start, *more, "content", "application/json", "schema"]
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)
        validator = Draft4Validator({"$ref": f"{self.name}#/{pointer}"}, registry=self._registry)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


@lru_cache
def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
