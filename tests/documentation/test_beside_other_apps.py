"""Each app that is tested beside ours has a row in the docs, and each row has a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/beside-other-apps.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| app |")
]
FILES = {each.stem.removeprefix("test_") for each in ROOT.glob("tests/neighbours/test_*.py")}


def test_each_file_has_a_row_and_each_row_a_file() -> None:
    assert FILES
    assert {row[-1] for row in ROWS} == {f"`{each}`" for each in FILES}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_says_what_works_and_what_to_set(row: list[str]) -> None:
    app, works, wanted, _test = row
    assert app
    assert works
    assert wanted
