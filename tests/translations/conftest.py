"""A made-up language: every text is between marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django
import polib
import pytest
from django.utils import translation

from tests.translations.catalogues import catalogue

PSEUDO = "xx"
OPEN, CLOSE = "\u27e6", "\u27e7"
DJANGO = ("conf", "contrib/admin", "contrib/auth", "contrib/contenttypes", "contrib/sessions")


@pytest.fixture(scope="session")
def _pseudo_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mark the texts of our catalogues, and Django's own, which are around ours in the admin."""
    sources = [catalogue("de")]
    for app in DJANGO:
        path = Path(django.__path__[0], app, "locale/en/LC_MESSAGES/django.po")
        sources.append(polib.pofile(str(path)))
    marked = polib.POFile()
    marked.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for entry in {
        (entry.msgctxt, entry.msgid): entry for each in sources for entry in each
    }.values():
        if entry.msgid_plural:
            forms = {0: mark(entry.msgid), 1: mark(entry.msgid_plural)}
            new = polib.POEntry(
                msgid=entry.msgid, msgid_plural=entry.msgid_plural, msgstr_plural=forms
            )
        else:
            new = polib.POEntry(msgid=entry.msgid, msgstr=mark(entry.msgid))
        new.msgctxt = entry.msgctxt
        marked.append(new)
    folder = tmp_path_factory.mktemp("locale")
    catalogues = folder / PSEUDO / "LC_MESSAGES"
    catalogues.mkdir(parents=True)
    marked.save_as_mofile(str(catalogues / "django.mo"))
    return folder


def mark(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


@pytest.fixture
def pseudo_language(settings: Any, _pseudo_catalogue: Path) -> str:
    """Let the site speak it, and nothing else of its own."""
    settings.LOCALE_PATHS = [_pseudo_catalogue]
    settings.LANGUAGES = [("en", "English"), (PSEUDO, "Pseudo")]
    assert translation.check_for_language(PSEUDO)
    return PSEUDO
