"""SUPPORTED.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import corbado_auth.emulator
from corbado_auth.emulator.app import ROUTES

FOLDER = Path(corbado_auth.emulator.__file__).parent
TEXT = (FOLDER / "SUPPORTED.md").read_text("utf-8")
BACKEND, FRONTEND = TEXT.partition("## Frontend API")[::2]
ROW = re.compile(r"^\| `([A-Z]+) (\S+)` \|", re.MULTILINE)
# How many calls each component makes (API notes 4.2, C.2.2).
COMPONENT_CALLS = {"v1": 22, "v2": 11}


@pytest.mark.parametrize(("api", "part"), [("backend", BACKEND), ("frontend", FRONTEND)])
def test_every_route_has_its_line(api: str, part: str) -> None:
    routes = [(route.method, route.path) for route in ROUTES if route.api == api]
    assert sorted(ROW.findall(part)) == sorted(routes)


@pytest.mark.parametrize("version", COMPONENT_CALLS)
def test_all_calls_of_the_component_are_there(version: str) -> None:
    calls = [route for route in ROUTES if route.api == "frontend"]
    of_v2 = [route for route in calls if route.path.startswith("/v2/")]
    count = {"v1": len(calls) - len(of_v2), "v2": len(of_v2)}[version]
    assert count == COMPONENT_CALLS[version]


def test_every_reference_has_its_inferred_point() -> None:
    points = [int(number) for number in re.findall(r"^(\d+)\. ", TEXT, re.MULTILINE)]
    used = {int(number) for number in re.findall(r"\[(\d+)\]", TEXT)}
    assert points == list(range(1, len(points) + 1))
    assert used == set(points)


def test_the_code_and_the_list_infer_the_same() -> None:
    """Every INFERRED in the code names its point of the list, and every point is in the code."""
    code = "\n".join(path.read_text("utf-8") for path in FOLDER.rglob("*.py"))
    named = [int(number) for number in re.findall(r"INFERRED[\s#]+(\d+)", code)]
    assert len(named) == code.count("INFERRED")
    points = {int(number) for number in re.findall(r"^(\d+)\. ", TEXT, re.MULTILINE)}
    assert set(named) == points
