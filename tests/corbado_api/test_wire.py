"""The wire samples say how we know, and agree with Corbado's own descriptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.openapi import Description
from tests.wire import NAMES, sample


@pytest.fixture(scope="module")
def description(openapi_folder: Path) -> Description:
    """Return Corbado's description of the backend API."""
    return Description(openapi_folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_names_the_section_of_its_source(name: str) -> None:
    assert sample(name).source.startswith("API notes ")


@pytest.mark.parametrize("name", NAMES)
def test_an_envelope_repeats_its_status(name: str) -> None:
    assert sample(name).answer["httpStatusCode"] == sample(name).status


@pytest.mark.contract
@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_as_corbado_describes_it(name: str, description: Description) -> None:
    wire = sample(name)
    assert description.problems_of_request(wire.method, wire.path, wire.request) == []


@pytest.mark.contract
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_as_corbado_describes_it(name: str, description: Description) -> None:
    wire = sample(name)
    problems = description.problems_of_answer(wire.method, wire.path, wire.status, wire.answer)
    # A sample that departs on purpose says so, and must really do so.
    assert bool(problems) == bool(wire.departs), problems
