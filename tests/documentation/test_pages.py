"""What the documents say is what the code does; tests/documentation runs what they show."""

from __future__ import annotations

import ast
import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTING = (ROOT / "docs" / "how-to-testing.md").read_text()
BLOCKS = re.findall(r"^```python\n(import pytest.*?)^```$", TESTING, re.DOTALL | re.MULTILINE)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_a_reader_sees_three_tests() -> None:
    assert len(BLOCKS) == 3


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


SECURITY = (ROOT / "docs/security.md").read_text("utf-8")
PROOFS = re.findall(r"`([\w/]+\.py)::(test_\w+)`", SECURITY)


def test_every_threat_has_a_proof() -> None:
    (table,) = re.findall(r"^\| threat .*?\n\n", SECURITY, re.DOTALL | re.MULTILINE)
    assert len(PROOFS) == len(table.strip().splitlines()) - 2


@pytest.mark.parametrize(("file", "test"), PROOFS, ids=[test for _file, test in PROOFS])
def test_a_proof_that_the_security_page_names_is_there(file: str, test: str) -> None:
    path = ROOT / "tests" / ("" if "/" in file else "security") / file
    assert re.search(rf"def {test}\(", path.read_text("utf-8"))


def test_files_of_tests_that_the_pages_name_are_there() -> None:
    named = {
        name
        for page in PAGES
        for name in re.findall(r"`((?:tests|scripts)/[\w/*.-]+\.\w+)`", page.read_text("utf-8"))
    }
    assert named
    assert [name for name in named if not any(ROOT.glob(name))] == []


def texts(module: Path) -> list[str]:
    """List the string constants of a module, each as Python puts it together; no docstrings."""
    tree = ast.parse(module.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None
        if isinstance(node, ast.JoinedStr):
            node.values = [ast.Constant("".join(_constant(part) for part in node.values))]
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _constant(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "…"


def test_messages_name_pages_by_titles_that_are_there() -> None:
    """People who installed the wheel have no documentation folder."""
    messages = [text for path in ROOT.glob("corbado_auth/**/*.py") for text in texts(path)]
    assert [text for text in messages if re.search(r"\bdocs/|\bhow-to-", text)] == []
    named = {
        title
        for text in messages
        for title in re.findall(r"documentation page\s\"([^\"]+)\"", text)
    }
    titles = {
        title
        for page in PAGES
        for title in re.findall(r"^# (.+)$", without_code(page.read_text("utf-8")), re.MULTILINE)
    }
    assert len(named) >= 3
    assert named - titles == set()


def test_the_floors_of_the_house_are_those_of_the_contracts() -> None:
    """A floor is a line in both; on the page, they are numbered."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = setup["importlinter:contract:floors"]["layers"].strip().splitlines()
    house = (ROOT / "docs/architecture.md").read_text("utf-8")
    drawn = re.findall(r"^\d+  (\S+(?: {1,2}\S+)*)", house, re.MULTILINE)
    as_drawn = [set(floor.replace("/commands", "").split()) for floor in drawn]
    contracts = [{room.strip() for room in layer.split("|")} for layer in layers]
    assert as_drawn == [floor for floor in contracts if floor != {"emulator"}]


def test_the_table_of_the_house_leads_to_every_room() -> None:
    house = (ROOT / "docs/architecture.md").read_text("utf-8")
    table = house.partition("| you want to change | open |")[2].partition("\n\n")[0]
    package = ROOT / "corbado_auth"
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`", table))
    assert {name for name in named if not (package / name).exists()} == set()
    rooms = {path.stem for path in package.glob("*.py")}
    rooms |= {path.parent.name for path in package.glob("*/__init__.py")}
    shown = {name.partition("/")[0].removesuffix(".py") for name in named}
    assert rooms - shown == {"__init__", "apps", "migrations"}


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
    """Leave out fenced blocks: a comment in a script is no heading."""
    return re.sub(r"^ *(```+).*?^ *\1$", "", text, flags=re.DOTALL | re.MULTILINE)
