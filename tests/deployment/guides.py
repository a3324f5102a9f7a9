"""The commands that the guides show, for the stack to run."""

from __future__ import annotations

from tests.support.blocks import ROOT, blocks_of


def commands(page: str) -> list[str]:
    """Return what follows each ``$`` on a page, in order; lines that go on are joined."""
    found: list[str] = []
    for block in blocks_of(ROOT / "docs" / f"{page}.md"):
        goes_on = False
        for line in block.text.splitlines() if block.language == "console" else ():
            if line.startswith("$ "):
                found.append(line.removeprefix("$ "))
            elif goes_on:
                found[-1] += f"\n{line}"
            goes_on = line.endswith("\\") and (goes_on or line.startswith("$ "))
    return found


def command(page: str, start: str) -> str:
    """Return the one command of a page that begins like this."""
    (one,) = [each for each in commands(page) if each.startswith(start)]
    return one
