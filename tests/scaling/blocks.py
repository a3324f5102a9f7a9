"""The code blocks of docs/scaling.md, by their first line: what the page says is what runs here."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from tests.support.blocks import ROOT, blocks_of

PAGE = ROOT / "docs" / "scaling.md"


def blocks() -> dict[str, str]:
    """Return the source of each block by the comment in its first line."""
    found = [each for each in blocks_of(PAGE) if each.language == "python"]
    named = {each.first_line.removeprefix("# "): each.text for each in found}
    assert len(found) == len(named), "two blocks of docs/scaling.md have one name"
    return named


def settings_of(*names: str) -> dict[str, Any]:
    """Return the settings that these blocks make, one after the other."""
    values: dict[str, Any] = {}
    for name in names:
        exec(compile(blocks()[name], f"{PAGE.name}: {name}", "exec"), values)  # noqa: S102
    return {name: value for name, value in values.items() if name.isupper()}


def install_modules() -> None:
    """Make each block that is named like ``mysite/routers.py`` importable under that name."""
    sys.modules.setdefault("mysite", ModuleType("mysite"))
    for name, code in blocks().items():
        if name.startswith("mysite/"):
            module = ModuleType(name.removesuffix(".py").replace("/", "."))
            exec(compile(code, f"{PAGE.name}: {name}", "exec"), module.__dict__)  # noqa: S102
            sys.modules[module.__name__] = module
