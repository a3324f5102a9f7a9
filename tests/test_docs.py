"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTING = (ROOT / "docs" / "how-to-testing.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TESTING, re.DOTALL | re.MULTILINE)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


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


LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
SOURCES = re.compile(r"(?:src|srcset)=\"(?!https?:)([^\"]+)\"")


@pytest.mark.parametrize("page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_links_between_the_documents_resolve(page: Path) -> None:
    text = without_code(page.read_text("utf-8"))
    targets = [*LINK.findall(text), *((source, "") for source in SOURCES.findall(text))]
    assert [link for link in targets if not leads_somewhere(page, *link)] == []


def test_every_page_is_in_the_navigation() -> None:
    index = (ROOT / "docs/index.md").read_text("utf-8")
    linked = {target for target, _anchor in LINK.findall(index)}
    pages = {page.name for page in ROOT.glob("docs/*.md")}
    assert pages - linked == {"index.md"}


def leads_somewhere(page: Path, target: str, anchor: str) -> bool:
    path = (page.parent / target).resolve() if target else page
    if not path.is_relative_to(ROOT) or not path.exists():
        return False
    return not anchor or anchor in anchors(path)


def anchors(page: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", without_code(page.read_text("utf-8")), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def without_code(text: str) -> str:
    """Leave out fenced blocks: a comment in a script is no heading, and a list in Python no link."""
    return re.sub(r"^ *(```+).*?^ *\1$", "", text, flags=re.DOTALL | re.MULTILINE)
