"""Schemathesis drives the backend API from Corbado's description: no 500, no answer outside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from corbado_auth.emulator import Emulator
from corbado_auth.emulator.app import ROUTES
from tests.emulator.judge import FILES, UNDESCRIBED

# `data` of a connect token is `oneOf` shapes that fit each other's values: there is no good one.
AMBIGUOUS = {("POST", "/v2/connectTokens"), ("GET", "/v2/connectTokens")}
BACKEND = [
    route
    for route in ROUTES
    if route.api == "backend"
    and (route.method, route.path) not in AMBIGUOUS
    and route.path not in UNDESCRIBED
]
EXAMPLES = 15

pytestmark = [pytest.mark.contract, pytest.mark.slow]


@pytest.fixture(scope="session")
def descriptions(openapi_folder: Path) -> Any:
    """Return the description of each version, and what its paths leave out."""
    return {
        version: (schemathesis.openapi.from_path(openapi_folder / name), prefix)
        for (api, version), (name, prefix) in FILES.items()
        if api == "backend"
    }


@pytest.mark.parametrize("route", BACKEND, ids=lambda route: f"{route.method} {route.path}")
def test_no_call_is_answered_outside_the_description(
    descriptions: Any, emulator: Emulator, route: Any
) -> None:
    description, prefix = descriptions[route.path.split("/")[1]]
    operation = description[route.path.removeprefix(prefix)][route.method]
    good, bad = (
        operation.as_strategy(generation_mode=mode)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    )
    config = emulator.config

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(good, bad))
    def drive(case: Any) -> None:
        response = case.call(
            base_url=emulator.url + prefix, auth=(config.project_id, config.api_secret), timeout=30
        )
        assert response.status_code < 500, response.text
        case.operation.validate_response(response)

    drive()
