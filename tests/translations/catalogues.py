"""The catalogues, and what they know a text by."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polib

import corbado_auth

PACKAGE = Path(corbado_auth.__file__).parent
EXAMPLE = Path(__file__).resolve().parents[2] / "example_project"
LANGUAGES = ("de", "es", "fr", "nl")


class Message(NamedTuple):
    """What a catalogue knows a text by."""

    id: str
    context: str = ""
    plural: str = ""


def catalogue(language: str, package: Path = PACKAGE) -> polib.POFile:
    return polib.pofile(str(package / "locale" / language / "LC_MESSAGES" / "django.po"))


def message_of(entry: polib.POEntry) -> Message:
    return Message(entry.msgid, entry.msgctxt or "", entry.msgid_plural)


def translations(entry: polib.POEntry) -> list[str]:
    """Return the translation, or one for each plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
