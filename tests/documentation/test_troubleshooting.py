"""The troubleshooting page quotes texts that exist in the package."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.blocks import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
PACKAGE = ROOT / "corbado_auth"
QUOTED = re.findall(r"^> (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
CODES = set(re.findall(r"`(?:corbado_auth\.)?([EWI]\d{3})`", PAGE.read_text("utf-8")))


def texts() -> Iterator[str]:
    """Yield all that the package may say: strings of the code, templates and scripts."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        # Nobody is shown a docstring.
        hidden = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and node not in hidden:
                yield node.value
    for pattern in ("templates/**/*.html", "emulator/static/**/*.js"):
        for path in PACKAGE.glob(pattern):
            yield path.read_text("utf-8")


@pytest.fixture(scope="module")
def said() -> str:
    return "\n".join(" ".join(text.split()) for text in texts())


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_is_quoted_is_said_by_the_package(said: str, quoted: str) -> None:
    parts = [part.strip() for part in quoted.split("…")]
    assert all(part in said for part in parts), quoted


def test_there_is_something_to_compare() -> None:
    assert len(QUOTED) > 25
    assert len(set(QUOTED)) == len(QUOTED)


def test_the_codes_of_checks_are_real(said: str) -> None:
    assert len(CODES) > 5
    assert all(f"corbado_auth.{code}" in said for code in CODES)
