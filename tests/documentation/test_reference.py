"""The reference and the code say the same, and no page names what is not there."""

from __future__ import annotations

import re

import pytest
from django.core.management import get_commands

from corbado_auth.checks import ids
from corbado_auth.conf import Settings
from corbado_auth.templatetags.corbado import register
from scripts.reference import page as reference
from tests.support.blocks import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PAGES.remove(reference.PAGE)
PUBLIC_API = ROOT / "tests" / "public_api.txt"
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
SETTINGS = {name for name, value in vars(Settings).items() if isinstance(value, property)}
CHECKS = {value for name, value in vars(ids).items() if name.isupper()}
COMMANDS = {name for name, app in get_commands().items() if app == "corbado_auth"}
# Of the test run and of Corbado, not of the app.
OTHERS = {"CORBADO_OPENAPI_DIR", "CORBADO_TEST_STRICT", "CORBADO_TEST_WORKERS"}


def test_the_reference_is_what_the_code_says() -> None:
    again = "Generate it again: make reference"
    assert reference.PAGE.read_text("utf-8") == reference.text(), again


def test_every_setting_check_command_and_tag_is_in_the_reference() -> None:
    text = reference.PAGE.read_text("utf-8")
    headings = set(re.findall(r"^### `(?:{% )?(\w+)", text, re.MULTILINE))
    assert headings >= SETTINGS | COMMANDS | register.tags.keys()
    assert set(re.findall(r"^\| `(corbado_auth\.[EWI]\d+)`", text, re.MULTILINE)) == CHECKS


def test_every_name_of_the_public_api_is_in_the_reference() -> None:
    """Those of checks are compared above; ``extras`` and ``pytest11`` are the distribution's."""
    pinned, _, _ = PUBLIC_API.read_text("utf-8").partition("\nchecks, corbado_auth")
    names = set(re.findall(r"^ +(?:class )?([\w-]+)", pinned, re.MULTILINE))
    text = set(re.findall(r"[\w-]+", reference.PAGE.read_text("utf-8")))
    assert len(names) > 150
    assert names - text == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_page_names_nothing_that_is_not_there(page: object) -> None:
    text = page.read_text("utf-8")  # type: ignore[attr-defined]
    named = set(re.findall(r"\bCORBADO_[A-Z_]*[A-Z]\b", text))
    assert named <= SETTINGS | OTHERS
    assert set(re.findall(r"\bcorbado_auth\.[EW]\d{3}\b", text)) <= CHECKS
    assert set(re.findall(r"manage\.py (corbado_\w+)", text)) <= COMMANDS
    assert set(re.findall(r"{% (corbado_\w+)", text)) <= register.tags.keys()
