"""The site speaks four more languages, and never two on one page (but for the emulator's card)."""

from __future__ import annotations

from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from example_project.workshop.models import CourseDate
from example_project.workshop.people import KEEPER
from tests.translations.visible import Visible

LANGUAGES = ("de", "es", "fr", "nl")
PUBLIC = ["/", "/courses/first-turns/", "/courses/the-teapot/", "/login/"]
OF_A_PERSON = ["/my-bookings/", "/account/"]

pytestmark = pytest.mark.django_db


def texts(client: Client, path: str, language: str) -> list[str]:
    response = client.get(path, headers={"accept-language": language})
    page = Visible(response)
    assert page.lang == language
    return [" ".join(text.split()) for text in page.texts]


def in_english(language: str) -> set[str]:
    """Return the English of all that is said otherwise in a language."""
    path = Path(settings.LOCALE_PATHS[0], language, "LC_MESSAGES", "django.po")
    return {entry.msgid for entry in polib.pofile(str(path)) if entry.msgid != entry.msgstr}


def next_date() -> str:
    return reverse("book", args=[CourseDate.objects.upcoming()[0].pk])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_says_in_english_what_it_can_say_in_its_language(
    client: Client, signed_in: Client, language: str
) -> None:
    english = in_english(language)
    for path in PUBLIC:
        assert not english & set(texts(Client(), path, language)), path
    for path in [*OF_A_PERSON, next_date()]:
        assert not english & set(texts(signed_in, path, language)), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_admin_of_the_site_speaks_the_language(client: Client, language: str) -> None:
    keeper = User.objects.get(username=KEEPER.username)
    client.force_login(keeper, backend="django.contrib.auth.backends.ModelBackend")
    english = in_english(language)
    for name in ["coursedate_changelist", "course_add", "booking_changelist"]:
        shown = {
            text.lower() for text in texts(client, reverse(f"admin:workshop_{name}"), language)
        }
        assert not {text.lower() for text in english} & shown, name


def test_the_language_is_chosen_in_the_footer(client: Client) -> None:
    page = client.get("/").text
    assert 'name="language" value="de" lang="de">Deutsch<' in page
    answer = client.post(reverse("set_language"), {"language": "de", "next": "/"})
    assert answer["Location"] == "/"
    assert "Kurse ansehen" in client.get("/").text


def test_a_visitor_without_a_wish_reads_english(client: Client) -> None:
    assert "See the courses" in client.get("/").text


def test_one_free_place_is_one(client: Client) -> None:
    date = CourseDate.objects.upcoming()[0]
    taken = date.bookings.filter(cancelled_at__isnull=True).count()
    CourseDate.objects.filter(pk=date.pk).update(places=taken + 1)
    assert "1 Platz frei" in texts(client, "/", "de")
