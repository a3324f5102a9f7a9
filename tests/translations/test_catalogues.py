"""The catalogues: complete, correct, compiled, and with each language's typography."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import django
import polib
import pytest

from tests.translations.catalogues import (
    EXAMPLE,
    LANGUAGES,
    PACKAGE,
    catalogue,
    message_of,
    translations,
)

NO_BREAK_SPACE = "\u00a0"

every_catalogue = pytest.mark.parametrize(
    ("package", "language"),
    [
        pytest.param(package, language, id=f"{package.name}-{language}")
        for package in (PACKAGE, EXAMPLE)
        for language in LANGUAGES
    ],
)
both_packages = pytest.mark.parametrize(
    "package", [PACKAGE, EXAMPLE], ids=lambda package: package.name
)


def texts(language: str, package: Path) -> list[tuple[str, str]]:
    """Return (English, translation) for everything that has letters."""
    return [
        (entry.msgid, text)
        for entry in catalogue(language, package)
        if entry.msgctxt != "date format"
        for text in translations(entry)
    ]


def words(language: str, package: Path) -> list[str]:
    """Return the translations without their tags, for how they are set."""
    return [re.sub("<[^>]+>", "", text) for _english, text in texts(language, package)]


@both_packages
def test_a_catalogue_has_the_texts_of_the_code_and_no_others(package: Path, tmp_path: Path) -> None:
    """What ``make messages`` finds is there already."""
    if not shutil.which("xgettext"):
        pytest.skip("gettext is not here (Debian and Ubuntu: apt-get install gettext)")
    copy = tmp_path / package.name
    # Both speak English: the emulator is a developer's tool.
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("emulator", "tests"))
    # Without settings of a site, as `make messages` does it.
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    make = [sys.executable, "-m", "django", "makemessages", "--all", "--no-obsolete"]
    subprocess.run(make, cwd=copy, env=environment, check=True, capture_output=True)
    for language in LANGUAGES:
        found, known = catalogue(language, copy), catalogue(language, package)
        assert {message_of(entry) for entry in known} == {message_of(entry) for entry in found}
        assert len(found) > 50


@every_catalogue
def test_every_text_has_a_translation(package: Path, language: str) -> None:
    for entry in catalogue(language, package):
        assert all(text.strip() for text in translations(entry)), entry.msgid


@every_catalogue
def test_no_translation_is_a_guess(package: Path, language: str) -> None:
    assert [
        entry.msgid for entry in catalogue(language, package) if entry.fuzzy or entry.obsolete
    ] == []


@every_catalogue
def test_a_translation_keeps_placeholders_and_tags(package: Path, language: str) -> None:
    parts = re.compile(r"%\(\w+\)\w|%%|<[^>]+>")
    for english, text in texts(language, package):
        assert sorted(parts.findall(text)) == sorted(parts.findall(english)), text


@every_catalogue
def test_a_translation_begins_and_ends_as_its_original(package: Path, language: str) -> None:
    """A full stop, a question mark; a capital in front of a sentence."""
    for english, text in texts(language, package):
        assert (english[-1] in ".?!") == (text[-1] in ".?!"), text
        assert text == text.strip()
        assert "  " not in text


@every_catalogue
def test_what_is_compiled_is_what_is_written(package: Path, language: str) -> None:
    written = catalogue(language, package)
    with open(written.fpath.removesuffix("po") + "mo", "rb") as file:
        compiled = polib.mofile(file.name)
        gettext.GNUTranslations(file)  # Python can read it.
    assert {message_of(entry): translations(entry) for entry in compiled} == {
        message_of(entry): translations(entry) for entry in written
    }


@every_catalogue
def test_a_catalogue_names_its_language_and_no_person(package: Path, language: str) -> None:
    metadata = catalogue(language, package).metadata
    assert metadata["Language"] == language
    assert "UTF-8" in metadata["Content-Type"]
    assert "Last-Translator" not in metadata
    assert "FIRST AUTHOR" not in catalogue(language, package).header


@both_packages
@pytest.mark.parametrize(("language", "of_nobody"), [("de", 1), ("es", 1), ("fr", 0), ("nl", 1)])
def test_a_catalogue_counts_as_its_language_does(
    package: Path, language: str, of_nobody: int
) -> None:
    """In French, none is one of the singular."""
    forms = catalogue(language, package).metadata["Plural-Forms"].partition("plural=")[2]
    form_for = gettext.c2py(forms.rstrip(";"))  # type: ignore[attr-defined]
    assert [form_for(number) for number in (0, 1, 2, 21)] == [of_nobody, 0, 1, 1]


@both_packages
def test_french_sets_a_no_break_space_before_double_signs_and_no_straight_apostrophe(
    package: Path,
) -> None:
    for text in words("fr", package):
        assert not re.search(rf"(?<!{NO_BREAK_SPACE})[;:!?»]", text), text
        assert not re.search(rf"«(?!{NO_BREAK_SPACE})", text), text
        assert not re.search(r"""['"]""", text), text


@both_packages
def test_spanish_opens_every_question(package: Path) -> None:
    for text in words("es", package):
        assert text.count("?") == text.count("¿"), text
        assert text.count("!") == text.count("¡"), text


@both_packages
@pytest.mark.parametrize("language", ["de", "nl", "es"])
def test_a_quotation_or_an_apostrophe_is_never_straight(package: Path, language: str) -> None:
    for text in words(language, package):
        assert not re.search(r"""['"]""", text), text


@both_packages
@pytest.mark.parametrize(
    ("language", "familiar"),
    [
        ("de", r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*|[Ee]uch|[Ee]uer\w*)\b"),
        ("es", r"\b([Tt]ú|[Tt]u|[Tt]us|[Tt]e|[Tt]i|[Cc]ontigo)\b"),
        ("fr", r"\b([Tt]u|[Tt]oi|[Tt]on|[Tt]a|[Tt]es)\b"),
        ("nl", r"\b([Jj]e|[Jj]ij|[Jj]ou|[Jj]ouw)\b"),
    ],
)
def test_people_are_addressed_politely(package: Path, language: str, familiar: str) -> None:
    for text in words(language, package):
        assert not re.search(familiar, text), text


@both_packages
@pytest.mark.parametrize(
    ("language", "term"),
    [
        ("de", "[Pp]asskey"),
        ("es", "[Ll]laves? de acceso"),
        ("fr", "[Cc]lés? d’accès"),
        ("nl", "[Pp]asskey"),
    ],
)
def test_a_passkey_is_called_what_the_operating_systems_call_it(
    package: Path, language: str, term: str
) -> None:
    for english, text in texts(language, package):
        if re.search("passkey", english, re.IGNORECASE):
            assert re.search(term, text) or refers_back(english), text


def refers_back(english: str) -> bool:
    """Return whether a sentence may say "it" in another language."""
    return english.count("asskey") > 1


@every_catalogue
def test_a_text_that_django_has_too_is_translated_as_django_does(
    package: Path, language: str
) -> None:
    """Of two catalogues with one text, whichever app is named first in INSTALLED_APPS wins."""
    ours = {message_of(entry): translations(entry) for entry in catalogue(language, package)}
    others = [*Path(django.__path__[0]).rglob(f"locale/{language}/LC_MESSAGES/django.po")]
    if package == EXAMPLE:
        others.append(Path(catalogue(language).fpath))
    for path in others:
        for entry in polib.pofile(str(path)):
            message = message_of(entry)
            assert ours.get(message, translations(entry)) == translations(entry), message


@both_packages
def test_every_shipped_language_is_tested(package: Path) -> None:
    assert sorted(path.name for path in (package / "locale").iterdir()) == sorted(LANGUAGES)
