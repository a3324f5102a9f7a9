"""With CORBADO_TEST_STRICT=1, a skipped test is a failed test (a pytest plugin)."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ROOT = Path(__file__).resolve().parents[2]

# The only thing that may be missing: we may not ship Corbado's descriptions.
OPENAPI_MISSING = "Corbado's OpenAPI descriptions are not at hand: set CORBADO_OPENAPI_DIR."


def pytest_report_header() -> str | None:
    """Say in the first lines that nothing may be left out."""
    return "strict: a skipped test is a failure" if _strict() else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one."""
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped file into an error."""
    report = yield
    return _refuse_skip(report)


@pytest.fixture(scope="session")
def openapi_folder() -> Path:
    """Return the folder of Corbado's OpenAPI descriptions, or leave the test out."""
    folder = find_openapi()
    if folder is None:
        pytest.skip(OPENAPI_MISSING)
    return folder


def find_openapi() -> Path | None:
    """Return the folder of Corbado's OpenAPI descriptions; one that is named has to be there."""
    if named := os.environ.get("CORBADO_OPENAPI_DIR"):
        if not Path(named).is_dir():
            pytest.fail(f"CORBADO_OPENAPI_DIR is no folder: {named}")
        return Path(named)
    folder = ROOT.parent / "shared" / "contract" / "openapi"
    return folder if folder.is_dir() else None


def _strict() -> bool:
    return os.environ.get("CORBADO_TEST_STRICT") == "1"


def _refuse_skip(report: Report) -> Report:
    if _strict() and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr)
        if OPENAPI_MISSING not in reason:
            report.outcome = "failed"
            report.longrepr = f"Left out, and nothing may be left out here: {reason}"
    return report
