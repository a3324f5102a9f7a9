"""``{% corbado_passkey_nudge %}``: who is offered a passkey, how often, and what an answer does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import include, path
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount, PasskeyNudge
from corbado_auth.testing import Corbado

PASSWORD = "an old password"
ANSWER = "/corbado/passkeys/nudge/"
MakeUser = Callable[..., Any]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class QuietBackend(CorbadoBackend):
    """A site that offers nothing."""

    days_between_nudges = None


class WeeklyBackend(CorbadoBackend):
    """A site that offers a passkey once a week."""

    days_between_nudges = 7


def page(request: HttpRequest) -> HttpResponse:
    """Show the offer, and nothing else."""
    source = "{% load corbado %}{% corbado_passkey_nudge %}"
    return HttpResponse(engines["django"].from_string(source).render({}, request))


urlpatterns = [
    path("", page),
    path("account/", page),
    path("corbado/", include("corbado_auth.urls")),
]


@pytest.fixture
def erin(make_user: MakeUser) -> Any:
    return make_user("erin@example.com", password=PASSWORD)


def by_password(user: Any) -> Client:
    """Return a browser in which this user has just signed in with the password."""
    client = Client(enforce_csrf_checks=True)
    assert client.login(username=user.get_username(), password=PASSWORD)
    return client


def offer(client: Client, url: str = "/") -> str:
    """Return the offer on a page, or nothing."""
    return client.get(url).content.decode().strip()


def say(client: Client, answer: str, url: str = "/", **changes: str) -> Any:
    """Press one of the buttons, as a browser without JavaScript does."""
    html = offer(client, url)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    return client.post(ANSWER, {**fields, "answer": answer, **changes})


def days_pass(days: int) -> None:
    """Let the offer grow older."""
    PasskeyNudge.objects.update(quiet_since=timezone.now() - timedelta(days=days))


@pytest.mark.matrix
def test_a_password_sign_in_is_followed_by_the_offer(erin: Any) -> None:
    assert "Add a passkey" in offer(by_password(erin))


def test_the_offer_stays_on_every_page_until_it_is_answered(erin: Any) -> None:
    client = by_password(erin)
    assert offer(client)
    assert offer(client, "/account/")


def test_the_offer_is_a_labelled_region_with_three_buttons(erin: Any) -> None:
    html = offer(by_password(erin))
    label = re.search(r'<section [^>]*aria-labelledby="([\w-]+)"', html)
    assert label
    assert f'<h2 id="{label[1]}">' in html
    assert re.findall(r'<button [^>]*name="answer" value="(\w+)"', html) == [
        "add",
        "not_now",
        "never",
    ]
    assert "<script" not in html


def test_the_offer_brings_its_own_stylesheet(erin: Any) -> None:
    assert '<link rel="stylesheet" href="/static/corbado_auth/nudge.css">' in offer(
        by_password(erin)
    )
    assert finders.find("corbado_auth/nudge.css")


def test_the_offer_does_not_rule_over_the_page(erin: Any) -> None:
    """Every rule of its stylesheet is about the offer alone, and one class weighs the most."""
    css = re.sub(
        r"/\*.*?\*/", "", Path(finders.find("corbado_auth/nudge.css")).read_text(), flags=re.S
    )
    css = re.sub(r"@media[^{]*\{(.*)\}", r"\1", css, flags=re.S)
    for selector in re.findall(r"([^{}]+)\{[^}]*\}", css):
        assert selector.strip().startswith(":where(.corbado-auth-nudge"), selector
        weighs = re.sub(r":where\([^)]*\)|:not\([^)]*\)|:[\w-]+", "", selector)
        assert weighs.count(".") <= 1
        assert "#" not in weighs
    assert "!important" not in css


def test_visitors_are_offered_nothing(db: None) -> None:
    assert offer(Client()) == ""


def test_who_signed_in_through_corbado_is_offered_nothing(corbado: Corbado, erin: Any) -> None:
    client = Client()
    corbado.sign_in(client, corbado.add_user("erin@example.com"))
    assert offer(client) == ""
    assert not PasskeyNudge.objects.exists()


def account(user: Any, **fields: Any) -> None:
    CorbadoAccount.objects.create(
        user=user, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id="usr-1", **fields
    )


def test_an_account_that_the_bulk_migration_wrote_is_no_reason_for_silence(erin: Any) -> None:
    account(erin)
    assert offer(by_password(erin))


def test_who_has_ever_signed_in_through_corbado_is_offered_nothing(erin: Any) -> None:
    account(erin, first_sign_in_at=timezone.now())
    assert offer(by_password(erin)) == ""


def test_a_sign_in_through_corbado_elsewhere_ends_the_offer(erin: Any) -> None:
    client = by_password(erin)
    account(erin, first_sign_in_at=timezone.now())
    assert offer(client) == ""


def test_the_next_sign_in_is_left_in_peace_whether_or_not_the_offer_was_answered(
    erin: Any,
) -> None:
    assert offer(by_password(erin))
    assert offer(by_password(erin)) == ""


@pytest.mark.parametrize(("days", "again"), [(29, False), (31, True)])
def test_the_offer_comes_again_after_thirty_days(erin: Any, days: int, again: bool) -> None:
    say(by_password(erin), "not_now")
    days_pass(days)
    assert bool(offer(by_password(erin))) is again


@pytest.mark.parametrize(
    ("backend", "days", "again"),
    [("WeeklyBackend", 6, False), ("WeeklyBackend", 8, True), ("QuietBackend", 999, False)],
)
def test_the_site_says_how_often(erin: Any, backend: str, days: int, again: bool) -> None:
    by_password(erin)
    days_pass(days)
    backends = ["django.contrib.auth.backends.ModelBackend", f"{__name__}.{backend}"]
    with override_settings(AUTHENTICATION_BACKENDS=backends):
        assert bool(offer(by_password(erin))) is again


@pytest.mark.parametrize("answer", ["not_now", "never"])
def test_an_answer_ends_the_offer_and_leads_back_to_the_page(erin: Any, answer: str) -> None:
    client = by_password(erin)
    response = say(client, answer, "/account/?tab=2")
    assert (response.status_code, response["Location"]) == (303, "/account/?tab=2")
    assert offer(client) == ""


def test_an_answer_counts_in_every_browser(erin: Any) -> None:
    laptop, phone = by_password(erin), Client()
    phone.cookies = laptop.cookies.copy()  # type: ignore[attr-defined]
    assert offer(phone)
    PasskeyNudge.objects.update(answer="not_now")
    assert offer(laptop) == ""


@pytest.mark.matrix
def test_never_is_for_ever(erin: Any) -> None:
    say(by_password(erin), "never")
    days_pass(4000)
    assert offer(by_password(erin)) == ""


def test_yes_goes_straight_to_adding_a_passkey(corbado: Corbado, erin: Any) -> None:
    client = by_password(erin)
    first = say(client, "add")
    assert (first.status_code, first["Location"]) == (307, "/corbado/passkeys/add/")
    # A browser sends the same form once more.
    token = client.cookies["csrftoken"].value
    second = client.post(first["Location"], {"csrfmiddlewaretoken": token})
    assert "<corbado-passkey-associate" in second.content.decode()
    assert offer(client) == ""


def test_one_person_does_not_answer_for_another(erin: Any, make_user: MakeUser) -> None:
    say(by_password(erin), "never")
    other = make_user("other@example.com", password=PASSWORD)
    assert offer(by_password(other))


def test_an_answer_needs_the_csrf_token(erin: Any) -> None:
    client = by_password(erin)
    assert client.post(ANSWER, {"answer": "never"}).status_code == 403
    assert offer(client)


def test_a_link_cannot_answer(erin: Any) -> None:
    assert by_password(erin).get(ANSWER, {"answer": "never"}).status_code == 405


def test_an_answer_that_no_button_has_is_refused_with_the_choice(erin: Any) -> None:
    client = by_password(erin)
    response = say(client, "maybe")
    assert response.status_code == 400
    assert response.content.decode() == "The answer must be one of: not_now, never, add, added."
    assert offer(client)


def test_an_answer_after_the_session_ended_goes_back_to_the_page(erin: Any) -> None:
    client = by_password(erin)
    html = offer(client)
    client.cookies.pop("sessionid")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "answer": "never", "next": "/account/"}
    assert client.post(ANSWER, form)["Location"] == "/account/"
    assert PasskeyNudge.objects.get().answer == ""


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "", "javascript:1"])
def test_an_answer_leads_to_no_other_site(erin: Any, target: str) -> None:
    response = say(by_password(erin), "not_now", next=target)
    assert response["Location"] == settings.LOGIN_REDIRECT_URL


def test_a_page_that_answered_a_form_is_not_asked_for_again(erin: Any) -> None:
    client = Client()
    client.login(username=erin.get_username(), password=PASSWORD)
    assert 'name="next" value=""' in client.post("/account/", {"x": 1}).content.decode()


def test_signing_in_again_through_corbado_in_the_same_session_ends_the_offer(erin: Any) -> None:
    client = by_password(erin)
    client.force_login(erin, backend="tests.support.backends.AnsweredBackend")
    assert offer(client) == ""


def test_a_visitor_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        offer(Client())


def test_a_signed_in_person_costs_one_query_at_most(
    erin: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = by_password(erin)
    offer(client)  # The one that notes the CSRF token.
    with django_assert_num_queries(3):  # Session and user, which every page reads, and the offer.
        offer(client)
    say(client, "not_now")
    with django_assert_num_queries(1):  # The session.
        offer(client)


def test_a_template_without_a_request_shows_nothing() -> None:
    source = "{% load corbado %}{% corbado_passkey_nudge %}"
    assert engines["django"].from_string(source).render().strip() == ""
