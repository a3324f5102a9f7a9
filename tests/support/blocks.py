"""The fenced code blocks of the documents, each with what the page says about running it.

A page says it in HTML comments, which no reader sees:

    <!-- site: empty -->            at the top: which site the page is walked on (walk.py)
    <!-- run: file shop/forms.py -->  above a block: what to do with it (walk.py), where its
                                    language and its first line do not tell
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^( *)(`{3,})(\S*)$")
# The first line of a block that is a file: where it goes.
PATH_LINE = re.compile(r"^(?:#|\{#) ([\w./-]+\.\w+)(, at the end)?(?: #\})?$")
NOTE = re.compile(r"^ *<!-- run: (.*?)(?: -->)?$")


@dataclass(frozen=True)
class Block:
    """One fenced block; ``note`` is the comment above it, ``section`` the text of the heading."""

    page: str
    line: int
    section: str
    language: str
    note: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0].strip()

    def option(self, name: str) -> str | None:
        """Return what the note says of one thing; empty where it only names it, else None."""
        for part in self.note.split(";", 1 if self.note.startswith("shell") else -1):
            word, _space, rest = part.strip().partition(" ")
            if word.strip() == name or word.startswith(f"{name}\n"):
                return part.strip().removeprefix(name).strip()
        return None

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language or 'no language'}) {self.first_line}"


def pages() -> list[Path]:
    """Return the pages whose blocks have to run: README, tutorials and how-to guides."""
    docs = ROOT / "docs"
    return [ROOT / "README.md", *sorted([*docs.glob("tutorial*.md"), *docs.glob("how-to-*.md")])]


def site_of(page: Path) -> str:
    """Return which site a page says that it is walked on."""
    found = re.search(r"^<!-- site: (.*) -->$", page.read_text("utf-8"), re.MULTILINE)
    return found[1] if found else "shop"


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    return list(_blocks(page.relative_to(ROOT).as_posix(), page.read_text("utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    section = note = ""
    numbered = iter(enumerate(lines, 1))
    for number, line in numbered:
        if opened := FENCE.match(line):
            indent, ticks, language = opened.groups()
            text = ""
            for _number, inner in numbered:
                if inner.strip() == ticks:
                    break
                text += inner.removeprefix(indent) + "\n"
            else:
                raise AssertionError(f"{page}:{number}: the block has no end")
            yield Block(page, number, section, language, note, text)
            note = ""
        elif found := NOTE.match(line):
            note = found[1]
            if "-->" not in line:
                for _number, inner in numbered:
                    if "-->" in inner:
                        break
                    note += "\n" + inner
        elif line.startswith("#"):
            section = line.lstrip("# ")
        elif line.strip():
            note = ""
