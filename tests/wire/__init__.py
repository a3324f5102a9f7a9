"""Samples of Corbado's wire, one file per request and answer.

``source`` says how we know, ``departs`` why an answer is not as Corbado's OpenAPI description has
it. Client and emulator are judged by them separately.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


@dataclass(frozen=True)
class Sample:
    """Hold one request to Corbado's backend API and the answer to it."""

    source: str
    method: str
    path: str
    request: Any
    status: int
    headers: dict[str, str]
    answer: Any
    departs: str = ""


def sample(name: str) -> Sample:
    """Read one sample."""
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Sample(
        source=data["source"],
        method=data["request"]["method"],
        path=data["request"]["path"],
        request=data["request"]["body"],
        status=data["status"],
        headers=data["headers"],
        answer=data["body"],
        departs=data.get("departs", ""),
    )
