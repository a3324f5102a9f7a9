"""Every page, through the front door: no text of it misses gettext, and no language is mixed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.utils import translation

from corbado_auth.testing import Corbado
from tests.translations.catalogues import LANGUAGES, PACKAGE, catalogue, translations
from tests.translations.conftest import CLOSE, OPEN, mark
from tests.translations.tour import Tour
from tests.translations.visible import Visible

Pages = Callable[[str], dict[str, "Seen"]]

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.translations.urls")]

MARKED = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
# What is the same in every language: addresses, IDs, codes, the test page's title, and one text
# of Django's own that does not go through gettext.
CONSTANT = re.compile(
    r"\S+@example\.com|\b(?:usr|cre|pro)-\w+|\b(?:staff|refused)\b|\bSite\b|\bSearch\b"
)


class Seen(NamedTuple):
    """A page of the tour, as it was."""

    html: str
    texts: list[str]
    lang: str
    templates: frozenset[str]


# Language -> the pages in it. One tour has all that the tests of this file ask.
_tours: dict[str, dict[str, Seen]] = {}


@pytest.fixture
def tour(corbado: Corbado, make_user: Callable[..., Any]) -> Callable[[str], dict[str, Seen]]:
    """Return the function that gives every page of the package in a language, by name."""

    def pages(language: str) -> dict[str, Seen]:
        if language not in _tours:
            stops = Tour(corbado, make_user, language).pages()
            _tours[language] = {name: look(response) for name, response in stops}
        return _tours[language]

    return pages


def look(response: Any) -> Seen:
    page = Visible(response)
    templates = frozenset(template.name for template in response.templates)
    return Seen(response.content.decode(), page.texts, page.lang, templates)


# Parts of ours on a page that is not.
ON_OTHER_PAGES = {
    "login with a field",
    "too long",
    "nudge and list",
    "list, unavailable",
    "odd answer",
    "connect, append",
    "connect, append too",
}


def unmarked(texts: list[str]) -> list[str]:
    """Return what stands outside of all marks and is no data."""
    text = "\n".join(texts)
    while (without := MARKED.sub(" ", text)) != text:
        text = without
    text = CONSTANT.sub("", text)
    for data in Tour.DATA:
        text = text.replace(data, "")
    return re.findall(r"\S*[^\W\d_]\S*", text)


def test_every_text_of_every_page_goes_through_gettext(tour: Pages, pseudo_language: str) -> None:
    missing = {}
    for name, page in tour(pseudo_language).items():
        assert OPEN in "".join(page.texts), name
        if words := unmarked(page.texts):
            missing[name] = words
    assert missing == {}


def test_the_tour_passes_every_template(tour: Pages) -> None:
    seen = frozenset[str]().union(*(page.templates for page in tour("en").values()))
    folder = PACKAGE / "templates"
    pages = {str(path.relative_to(folder)) for path in folder.rglob("*.html")}
    assert {page for page in pages if "/email/" not in page} - seen == set()


def test_the_tour_shows_every_text_of_the_templates(tour: Pages, pseudo_language: str) -> None:
    """A text that no page shows would not be checked."""
    shown = "\n".join(page.html for page in tour(pseudo_language).values())
    in_templates = [
        entry.msgid
        for entry in catalogue("de")
        if any(
            file.endswith(".html") and "/email/" not in file for file, _line in entry.occurrences
        )
        and "%" not in entry.msgid
        and entry.msgctxt != "date format"
    ]
    assert len(in_templates) > 70
    missing = [text for text in in_templates if mark(text) not in shown]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_mixes_languages(tour: Pages, language: str) -> None:
    english = {
        entry.msgid: translations(entry)[0]
        for entry in catalogue(language)
        if translations(entry)[0] != entry.msgid
    }
    for name, page in tour(language).items():
        if name not in ON_OTHER_PAGES:
            assert page.lang == language, name
        for text in page.texts:
            assert " ".join(text.split()) not in english, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_and_shares_are_written_as_the_language_writes_them(
    tour: Pages, language: str
) -> None:
    pages = tour(language)
    share = {"de": "50,0\u00a0%", "es": "50,0\u00a0%", "fr": "50,0\u00a0%", "nl": "50,0%"}
    assert re.search(rf"\d,\d{share[language][4:]}", pages["adoption"].html)
    date = {
        "de": r"am \d+\. \w+ \d{4}",
        "es": r"el \d+ de \w+ de \d{4}",
        "fr": r"le \d+ \w+ \d{4}",
        "nl": r"op \d+ \w+ \d{4}",
    }
    assert re.search(date[language], pages["passkeys"].html)


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_a_link_is_named_by_what_it_shows(tour: Pages, language: str) -> None:
    """A person who says "click Remove" to a computer is understood (WCAG 2.5.3)."""
    page = tour(language)["passkeys"].html
    links = re.findall(r'<a [^>]*aria-label="([^"]+)"[^>]*>([^<]+)</a>', page)
    assert len(links) == 4
    for name, shown in links:
        assert shown.lower() in name.lower()
        assert len(name) > len(shown) + 3


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_a_button_that_ends_a_session_is_named_by_what_it_shows_and_the_browser(
    tour: Pages, language: str
) -> None:
    page = tour(language)["sessions"].html
    buttons = re.findall(r"<button ([^>]*)>[^<]+ <span [^>]+>([^<]+)</span></button>", page)
    assert len(buttons) == 2
    assert not any("aria-label" in attributes for attributes, _browser in buttons)
    assert {bool(re.fullmatch(r"Firefox \w+ Linux", name)) for _, name in buttons} == {True, False}


@pytest.mark.parametrize("model", ["CorbadoAccount", "MigrationAttempt", "PasskeyNudge"])
def test_every_field_has_a_name_for_people(model: str, pseudo_language: str) -> None:
    meta = apps.get_model("corbado_auth", model)._meta
    with translation.override(pseudo_language):
        names = [meta.verbose_name, meta.verbose_name_plural]
        names += [field.verbose_name for field in meta.fields if not field.primary_key]
        assert [str(name) for name in names if OPEN not in str(name)] == []
