"""Which texts the code has, read without xgettext, and the catalogues that should have them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polib
from django.utils.translation.template import templatize

import corbado_auth

PACKAGE = Path(corbado_auth.__file__).parent
EXAMPLE = Path(__file__).resolve().parents[2] / "example_project"
LANGUAGES = ("de", "es", "fr", "nl")
# Speak English: a developer's tool on the other side of the wall, and tests.
NOT_READ = {"emulator", "tests"}

# Of the example site's courses; `courses.py` has the texts themselves.
KEPT_IN_THE_DATABASE = {"self.title"}

_STRING = r"""u?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)")
_FUNCTION = re.compile(r"(?:_|(?P<n>n?)(?P<p>p?)gettext(?:_lazy|_noop)?)\Z")


class Message(NamedTuple):
    """What a catalogue knows a text by."""

    id: str
    context: str = ""
    plural: str = ""


@cache
def messages(package: Path = PACKAGE) -> set[Message]:
    """Return every text of a package that is marked for translation."""
    found = set()
    for path in package.rglob("*.*"):
        if NOT_READ & set(path.relative_to(package).parts):
            continue
        if path.suffix == ".py":
            found |= set(_in_python(ast.parse(path.read_text()), path))
        if path.suffix == ".html":
            found |= set(_in_template(path.read_text()))
    return found


def catalogue(language: str, package: Path = PACKAGE) -> polib.POFile:
    return polib.pofile(str(package / "locale" / language / "LC_MESSAGES" / "django.po"))


def message_of(entry: polib.POEntry) -> Message:
    return Message(entry.msgid, entry.msgctxt or "", entry.msgid_plural)


def translations(entry: polib.POEntry) -> list[str]:
    """Return the translation, or one for each plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _in_python(tree: ast.AST, path: Path) -> Iterator[Message]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        if function := _FUNCTION.fullmatch(name):
            given = [getattr(argument, "value", None) for argument in node.args]
            texts = [text for text in given if isinstance(text, str)]
            if not texts and ast.unparse(node.args[0]) in KEPT_IN_THE_DATABASE:
                continue
            assert texts, f"{path}:{node.lineno}: what is translated has to stand there as a string"
            yield _message(texts, has_context=bool(function["p"]), has_plural=bool(function["n"]))


def _in_template(source: str) -> Iterator[Message]:
    for name, arguments in _CALL.findall(templatize(source)):
        texts = [ast.literal_eval(text) for text in re.findall(_STRING, arguments)]
        kind = name.removesuffix("gettext")
        yield _message(texts, has_context="p" in kind, has_plural="n" in kind)


def _message(texts: list[str], *, has_context: bool, has_plural: bool) -> Message:
    context = texts.pop(0) if has_context else ""
    return Message(texts[0], context, texts[1] if has_plural else "")
