"""Each citation of the API notes leads to a section of docs/corbado-api.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTES = (ROOT / "docs/corbado-api.md").read_text("utf-8")
FOLDERS = ("corbado_auth", "docs", "example_project", "findings", "scripts", "tests")
SUFFIXES = {".css", ".html", ".js", ".json", ".md", ".py", ".sh", ".txt"}
NOT_OURS = {"node_modules", "_build"}

NUMBER = r"(?:C\.)?\d+(?:\.\d+)*"
# "4.6 b, c": a number, and letters where its sections have some.
SECTION = rf"{NUMBER}(?: [a-h]\b(?:(?:, | and | to )[a-h]\b)*)?"
CITATION = re.compile(rf"\bAPI notes,? ({SECTION}(?:(?:, | and | to |-){SECTION})*)")
HEADINGS = re.findall(rf"^#{{2,4}} ({NUMBER}(?: [a-h](?= ))?) \S", NOTES, re.MULTILINE)


def ours() -> list[Path]:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    texts = [path for path in paths if path.suffix in SUFFIXES and not NOT_OURS & {*path.parts}]
    # The examples here lead nowhere on purpose.
    return sorted({*texts, *ROOT.glob("*.md")} - {Path(__file__).resolve()})


def flowing(text: str) -> str:
    """Join lines, without the marks that comments begin with: a citation may go over two."""
    return re.sub(r"\s*\n\s*(?:#|//|\*)?\s*", " ", text)


def cited(text: str) -> list[str]:
    """List the sections that a text cites; of ``4.6 a to c`` the first and the last."""
    sections = []
    for chain in CITATION.findall(flowing(text)):
        for section in re.findall(SECTION, chain):
            number, _space, rest = section.partition(" ")
            letters = re.findall(r"\b[a-h]\b", rest)
            sections += [f"{number} {letter}" for letter in letters] or [number]
    return sections


def test_sections_have_one_number_each() -> None:
    assert {"0.1", "1.3", "4.6 d", "7.10", "C.0.1", "C.2.1"} <= set(HEADINGS)
    assert sorted(HEADINGS) == sorted(set(HEADINGS))


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("as it is (API notes 1.3).", ["1.3"]),
        ("(API notes 1.3, 7.1 and C.2.1, WebAuthn 7.1)", ["1.3", "7.1", "C.2.1"]),
        ("(API notes 4.6 b, c, 7.3-7.6)", ["4.6 b", "4.6 c", "7.3", "7.6"]),
        ("# as it is (API\n    # notes 3, 4.6 a to c): four", ["3", "4.6 a", "4.6 c"]),
        ("API notes 7.10 allows 60 s", ["7.10"]),
    ],
)
def test_citations_are_read(text: str, sections: list[str]) -> None:
    assert cited(text) == sections


def test_every_citation_leads_to_a_section() -> None:
    citations = [
        (path.relative_to(ROOT).as_posix(), section)
        for path in ours()
        for section in cited(path.read_text("utf-8"))
    ]
    assert len(citations) > 100
    assert [each for each in citations if each[1] not in HEADINGS] == []


def test_nothing_cites_what_readers_do_not_have() -> None:
    left = re.compile(r"\bcontract,? (?:(?:fact|section)s? )?\d", re.IGNORECASE)
    assert [path for path in ours() if left.search(flowing(path.read_text("utf-8")))] == []


def test_the_page_refers_to_sections_of_its_own() -> None:
    named = re.findall(r"\((\d+\.\d+)\)|\b(C\.\d(?:\.\d+)?)\b", NOTES)
    assert [v1 or connect for v1, connect in named if (v1 or connect) not in HEADINGS] == []


def test_every_source_that_is_named_is_in_the_table() -> None:
    table = NOTES.partition("## Sources")[2].partition("## 0 ")[0]
    known = {
        tag
        for row in re.findall(r"^\| ([A-Z\d, ]+) \|", table, re.MULTILINE)
        for tag in row.split(", ")
    }
    texts = [NOTES, *(path.read_text("utf-8") for path in ROOT.glob("tests/wire/*.json"))]
    named = {tag for text in texts for tag in re.findall(r"(?<!\])\[([A-Z][A-Z\d]+)[\] ,]", text)}
    assert {"B1", "GO", "PY1"} <= named
    assert named - known == set()
