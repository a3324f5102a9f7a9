"""One farm for the whole run; each scenario is played once, whatever the number of its tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scaling import report
from tests.scaling.scenarios import SCENARIOS, Outcome, Scenario, play
from tests.scaling.servers import Farm, a_farm

HERE = Path(__file__).parent

played = pytest.StashKey[dict[str, Outcome]]()


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the folder to ``make scaling``, which names it: it takes minutes."""
    named = any(path == HERE or HERE in path.parents for path in _paths(config))
    return None if named else True


def _paths(config: pytest.Config) -> list[Path]:
    start = config.invocation_params.dir
    return [(start / argument.partition("::")[0]).resolve() for argument in config.args]


@pytest.fixture(scope="session")
def farm() -> Iterator[Farm]:
    """Return PostgreSQL, Redis and Corbado; web hosts come with the scenarios."""
    with a_farm() as started:
        yield started


@pytest.fixture(scope="session")
def outcome(request: pytest.FixtureRequest, farm: Farm) -> Outcome:
    """Play the scenario that the test is parametrized with."""
    scenario: Scenario = request.param
    outcomes = request.config.stash.setdefault(played, {})
    if scenario.name not in outcomes:
        outcomes[scenario.name] = play(farm, scenario)
    return outcomes[scenario.name]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Print what happened to each visitor; SCALING_DOCS=1 writes it into docs/scaling.md."""
    outcomes = list(config.stash.get(played, {}).values())
    if outcomes:
        terminalreporter.write_sep("=", "what happened to each visitor")
        terminalreporter.write_line(report.as_text(outcomes))
    whole = exitstatus == 0 and len(outcomes) == len(SCENARIOS)
    if whole and os.environ.get("SCALING_DOCS") == "1":
        report.write(outcomes)
        terminalreporter.write_line("Written: docs/scaling.md")
