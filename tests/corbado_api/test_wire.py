"""The wire samples say how we know, and agree with Corbado's own descriptions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.openapi import Description
from tests.wire import NAMES, sample

V2 = "backend_api_public_v2_2025-09.yml"


Describe = Callable[[str], Description]


@pytest.fixture(scope="module")
def describe(openapi_folder: Path) -> Describe:
    """Return the function that finds Corbado's description of a path of the backend API."""
    found = {"v1": Description(openapi_folder), "v2": Description(openapi_folder, V2)}
    return lambda path: found["v2" if path.startswith("/v2/") else "v1"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_names_the_section_of_its_source(name: str) -> None:
    assert sample(name).source.startswith("API notes ")


@pytest.mark.parametrize("name", NAMES)
def test_an_envelope_repeats_its_status(name: str) -> None:
    wire = sample(name)
    # A good answer of API v2 has no envelope (API notes C.3.2).
    is_bare = wire.path.startswith("/v2/") and "httpStatusCode" not in wire.answer
    assert (wire.status if is_bare else wire.answer["httpStatusCode"]) == wire.status


@pytest.mark.contract
@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_as_corbado_describes_it(name: str, describe: Describe) -> None:
    wire = sample(name)
    path = _described(wire.path)
    body = wire.request or None if wire.path.startswith("/v2/") else wire.request
    assert _clear(describe(wire.path).problems_of_request(wire.method, path, body)) == []


@pytest.mark.contract
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_as_corbado_describes_it(name: str, describe: Describe) -> None:
    wire = sample(name)
    found = describe(wire.path)
    path = _described(wire.path)
    problems = _clear(found.problems_of_answer(wire.method, path, wire.status, wire.answer))
    # A sample that departs on purpose says so, and must really do so.
    assert bool(problems) == bool(wire.departs), problems


def _described(path: str) -> str:
    """Return a path as the descriptions have it: that of API v2 leaves out the version."""
    return path.removeprefix("/v2").partition("?")[0] if path.startswith("/v2/") else path


def _clear(problems: list[str]) -> list[str]:
    """Leave out where the description allows what is there more than once (API notes C.0.14)."""
    return [each for each in problems if "is valid under each of" not in each]
