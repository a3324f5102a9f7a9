"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTING = (ROOT / "docs" / "how-to-testing.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TESTING, re.DOTALL | re.MULTILINE)
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def test_a_reader_sees_three_tests() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("block", BLOCKS, ids=["sign in", "token expired", "Corbado is down"])
def test_the_examples_of_testing_run(pytester: pytest.Pytester, block: str) -> None:
    """Each is a file of its own, run by pytest as a reader would."""
    pytester.makepyfile(block)
    pytester.makeini(
        f"""
        [pytest]
        DJANGO_SETTINGS_MODULE = tests.settings.default
        pythonpath = {ROOT}
        django_find_project = false
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("block", BLOCKS, ids=["sign in", "token expired", "Corbado is down"])
def test_the_examples_of_testing_are_short(block: str) -> None:
    body = block.partition("@pytest.mark.django_db\n")[2]
    assert len(body.strip().splitlines()) <= 10


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(p.name for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_between_the_documents_resolve(page: str) -> None:
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text())
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert missing == []
