"""A view of the site asks for a recent sign-in: there and back, with the form that was sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from corbado_auth.decorators import recent_sign_in_required
from corbado_auth.mixins import RecentSignInRequiredMixin
from corbado_auth.models import ConnectAccount, PasskeyNudge
from corbado_auth.step_up import kept_posts
from corbado_auth.testing import Corbado, User
from corbado_auth.views import LoginView
from tests.support.front_door import FROM_LOGIN_PAGE, age_sign_in, come_back, sign_in
from tests.urls import urlpatterns as site

MATTERS, KEPT, STEP_UP = "/matters/", "/corbado/step-up/form/", "/corbado/step-up/"
PASSWORD = "an old password"
MakeUser = Callable[..., Any]


@recent_sign_in_required(max_age=60)
async def soon(request: HttpRequest) -> HttpResponse:
    """Answer whoever signed in within the last minute."""
    return HttpResponse("soon")


class Page(RecentSignInRequiredMixin, View):
    """A page as a class."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("a page")


class AsyncPage(RecentSignInRequiredMixin, View):
    """An async page as a class."""

    recent_sign_in = 60

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("an async page")


@method_decorator(recent_sign_in_required(max_age=60), name="dispatch")
class DecoratedAsyncPage(View):
    """An async page as a class, decorated as Django's documentation decorates one."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("a decorated async page")


@method_decorator(sensitive_post_parameters("answer"), name="dispatch")
class Secretive(RecentSignInRequiredMixin, View):
    """A page that says which of its fields is a secret."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("sent")


urlpatterns = [
    path("soon/", soon),
    path("page/", Page.as_view()),
    path("async-page/", AsyncPage.as_view()),
    path("decorated-async-page/", DecoratedAsyncPage.as_view()),
    path("secretive/", Secretive.as_view()),
    *site,
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com")


@pytest.fixture
def old(client: Client, corbado: Corbado, robin: User) -> Client:
    """The browser of a person who signed in too long ago."""
    sign_in(client, corbado.issue_token(robin))
    age_sign_in(client)
    return client


def again(client: Client, corbado: Corbado, person: User, page: str) -> Any:
    """Sign in through Corbado at the page that asks for it; return where the person goes on."""
    assert client.get(page).status_code == 200
    return come_back(client, corbado.issue_token(person), referer=f"http://testserver{page}").url


def form_on(page: Any) -> tuple[str, list[tuple[str, str]]]:
    """Return where the form of the page goes, and its fields."""
    html = page.content.decode()
    (action,) = re.findall(r'<form[^>]* action="([^"]*)"', html)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', html)
    pairs = [(unescape(name), unescape(value)) for name, value in fields]
    return unescape(action), [pair for pair in pairs if pair[0] != "csrfmiddlewaretoken"]


def as_data(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for each, value in fields if each == name] for name, _value in fields}


# There and back ----------------------------------------------------------------------------------


def test_whoever_has_just_signed_in_is_served(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    assert client.get(MATTERS).status_code == 200


def test_a_page_asks_and_the_person_comes_back_to_it(
    old: Client, corbado: Corbado, robin: User
) -> None:
    answer = old.get(f"{MATTERS}?order=7")
    assert (answer.status_code, answer.url) == (303, f"{STEP_UP}?next=%2Fmatters%2F%3Forder%3D7")
    assert "no-store" in answer["Cache-Control"]
    assert again(old, corbado, robin, answer.url) == "/matters/?order=7"
    assert old.get(f"{MATTERS}?order=7").status_code == 200


def test_the_page_says_who_is_asked_and_why(old: Client) -> None:
    page = old.get(f"{STEP_UP}?next=/matters/").content.decode()
    assert "Please sign in again" in page
    assert "that was a while ago" in page
    assert 'username="robin@example.com"' in page


def test_a_password_on_that_page_will_do_too(client: Client, make_user: MakeUser) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    assert client.login(username="erin", password=PASSWORD)
    age_sign_in(client)
    key = client.session.session_key
    asked = client.get(MATTERS).url
    form = {"username": "erin", "password": PASSWORD, "next": MATTERS}
    answer = client.post(asked, form)
    assert answer.url == MATTERS
    assert client.get(MATTERS).status_code == 200
    assert client.session.session_key != key


def test_a_wrong_password_keeps_asking(client: Client, make_user: MakeUser) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    assert client.login(username="erin", password=PASSWORD)
    age_sign_in(client)
    page = client.post(STEP_UP, {"username": "erin", "password": "wrong", "next": MATTERS})
    assert "Please sign in again" in page.content.decode()
    assert client.get(MATTERS).status_code == 303


def test_a_site_with_another_login_page_has_a_link_to_it(old: Client) -> None:
    assert 'type="password"' in old.get(STEP_UP).content.decode()
    with override_settings(LOGIN_URL="/account/"):
        page = old.get(f"{STEP_UP}?next=/matters/").content.decode()
        sent = old.post(STEP_UP, {"username": "erin", "password": "made up"})
    assert 'href="/account/?next=%2Fmatters%2F"' in page
    # The site's own may ask for more than a password.
    assert 'type="password"' not in page
    assert sent.status_code == 405


def test_a_login_page_without_the_form_has_none_here_either(old: Client) -> None:
    with mock.patch.object(LoginView, "has_password_form", False):
        assert 'type="password"' not in old.get(STEP_UP).content.decode()


def test_a_sign_in_that_did_not_count_is_explained_and_can_be_undone(
    client: Client, make_user: MakeUser
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    for _twice in range(2):
        assert client.login(username="erin", password=PASSWORD)
        age_sign_in(client)
    page = client.get(f"{STEP_UP}?next=/matters/").content.decode()
    assert "does not count here" in page
    answer = client.post("/corbado/logout/", {"next": f"{STEP_UP}?next=/matters/"})
    assert answer.url == f"{STEP_UP}?next=/matters/"
    assert client.login(username="erin", password=PASSWORD)
    assert client.get(MATTERS).status_code == 200


@override_settings(CORBADO_CONNECT=True)
def test_with_connect_a_person_who_has_a_passkey_is_asked_for_it(old: Client) -> None:
    assert old.get(MATTERS).url == f"{STEP_UP}?next=%2Fmatters%2F"
    user = get_user_model()._default_manager.get()
    # Whoever looks at the empty list of passkeys has a handle, too.
    ConnectAccount.objects.get_or_link(user)
    assert old.get(MATTERS).url == f"{STEP_UP}?next=%2Fmatters%2F"
    PasskeyNudge.objects.create(user=user, answer="added", quiet_since=timezone.now())
    asked = old.get(MATTERS).url
    assert asked == "/corbado/connect/confirm/?next=%2Fmatters%2F"
    assert f'href="{STEP_UP}?next=%2Fmatters%2F"' in old.get(asked).content.decode()


def test_their_passkey_lets_them_go_on(corbado: Corbado, old: Client, settings: Any) -> None:
    settings.CORBADO_CONNECT = True
    user = get_user_model()._default_manager.get()
    data = corbado.connect_data(user)
    ConnectAccount.objects.update(first_sign_in_at=timezone.now())
    page = old.get(old.get(MATTERS).url).content.decode()
    assert 'data-next="/matters/"' in page
    body = {"signedPasskeyData": data, "next": MATTERS, "confirm": True}
    answer = old.post("/corbado/connect/login/", body, content_type="application/json")
    assert answer.json() == {"next": MATTERS}
    assert old.get(MATTERS).status_code == 200


def test_a_visitor_is_sent_to_the_login_page(client: Client) -> None:
    answer = client.get(f"{MATTERS}?order=7")
    assert answer.url == "/corbado/login/?next=%2Fmatters%2F%3Forder%3D7"
    assert client.post(MATTERS, {"a": "b"}).url == "/corbado/login/?next=%2Fmatters%2F"
    assert not Session.objects.exists()


def test_an_address_too_long_for_next_is_cut(old: Client) -> None:
    assert old.get(MATTERS, {"long": "x" * 4000}).url == f"{STEP_UP}?next=%2Fmatters%2F"


def test_somebody_else_who_signs_in_is_asked_first(
    old: Client, corbado: Corbado, robin: User
) -> None:
    ash = corbado.add_user("ash@example.com")
    asked = old.get(MATTERS).url
    assert again(old, corbado, ash, asked) == "/corbado/confirm/"


@pytest.mark.parametrize("seconds", [30, 61])
def test_each_view_says_how_recent(
    client: Client, corbado: Corbado, robin: User, seconds: int
) -> None:
    sign_in(client, corbado.issue_token(robin))
    age_sign_in(client, seconds)
    status = 200 if seconds < 60 else 303
    assert client.get("/soon/").status_code == status
    assert client.get("/async-page/").status_code == status
    assert client.get("/decorated-async-page/").status_code == status
    assert client.get("/page/").status_code == 200
    age_sign_in(client, 600)
    assert client.get("/page/").status_code == 303


@override_settings(CORBADO_IS_IMPERSONATING="tests.support.front_door.is_support")
def test_whoever_acts_as_somebody_else_gets_no_further(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    client.force_login(make_user("erin@example.com"), "django.contrib.auth.backends.ModelBackend")
    for answer in (client.get(MATTERS), client.post(MATTERS, {"a": "b"}), client.get(STEP_UP)):
        assert answer.status_code == 403
        assert "acting as somebody else" in answer.content.decode()
    answer = client.get(MATTERS, headers={"sec-fetch-mode": "cors"})
    assert (answer.status_code, answer.json()["error"]) == (403, "impersonating")


# Scripts -----------------------------------------------------------------------------------------

FETCHES = {
    "a browser's fetch": {"sec-fetch-mode": "cors"},
    "of the same origin": {"sec-fetch-mode": "same-origin"},
    "an older browser": {"x-requested-with": "XMLHttpRequest"},
    "an app": {"accept": "application/json"},
}


@pytest.mark.parametrize("headers", FETCHES.values(), ids=FETCHES)
def test_a_script_is_answered_with_json(old: Client, headers: dict[str, str]) -> None:
    page = {"referer": "http://testserver/account/"}
    answer = old.post(MATTERS, {"a": "b"}, headers={**headers, **page})
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "recent_sign_in_required",
        "message": "Please sign in again.",
        "login_url": f"{STEP_UP}?next=http%3A%2F%2Ftestserver%2Faccount%2F",
    }


def test_a_script_of_a_visitor_is_answered_with_json(client: Client) -> None:
    answer = client.get(MATTERS, headers={"sec-fetch-mode": "cors"})
    assert answer.status_code == 401
    assert answer.json()["error"] == "sign_in_required"
    assert answer.json()["login_url"] == "/corbado/login/?next=%2Fmatters%2F"


def test_htmx_is_told_where_to_go(old: Client) -> None:
    answer = old.get(MATTERS, headers={"hx-request": "true", "sec-fetch-mode": "cors"})
    assert answer["HX-Redirect"] == answer.json()["login_url"]


def test_a_page_of_another_site_is_no_place_to_go_on(old: Client) -> None:
    headers = {"sec-fetch-mode": "cors", "referer": "https://evil.example/"}
    answer = old.get(MATTERS, headers=headers)
    assert answer.json()["login_url"] == f"{STEP_UP}?next=%2Fmatters%2F"


@pytest.mark.parametrize("accept", ["text/html,application/json", "*/*", ""])
def test_a_client_that_takes_pages_gets_one(old: Client, accept: str) -> None:
    assert old.get(MATTERS, headers={"accept": accept}).status_code == 303


# The form that was sent --------------------------------------------------------------------------


def test_a_form_waits_while_its_sender_signs_in(old: Client, corbado: Corbado, robin: User) -> None:
    asked = old.post(f"{MATTERS}?from=form", {"to": ["Ash", 'Kim "K" <k>'], "text": "one\r\ntwo"})
    assert (asked.status_code, asked.url) == (303, f"{STEP_UP}?next=%2Fcorbado%2Fstep-up%2Fform%2F")
    assert again(old, corbado, robin, asked.url) == KEPT
    page = old.get(KEPT)
    assert "no-store" in page["Cache-Control"]
    action, fields = form_on(page)
    assert action == f"{MATTERS}?from=form"
    sent = old.post(action, as_data(fields))
    assert sent.status_code == 200
    assert sent.content.decode() == repr([("text", ["one\r\ntwo"]), ("to", ["Ash", 'Kim "K" <k>'])])


def test_a_form_that_has_arrived_is_forgotten(old: Client, corbado: Corbado, robin: User) -> None:
    asked = old.post(MATTERS, {"amount": "10"}).url
    again(old, corbado, robin, asked)
    action, fields = form_on(old.get(KEPT))
    old.post(action, as_data(fields))
    assert old.get(KEPT).status_code == 410
    assert "amount" not in str(dict(old.session.items()))


def test_the_form_has_a_csrf_token_of_its_own(corbado: Corbado, robin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    sign_in(client, corbado.issue_token(robin))
    age_sign_in(client)
    client.get(STEP_UP)
    token = client.cookies["csrftoken"].value
    asked = client.post(MATTERS, {"amount": "10", "csrfmiddlewaretoken": token}).url
    again(client, corbado, robin, asked)
    page = client.get(KEPT)
    (fresh,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
    action, fields = form_on(page)
    assert fields == [("amount", "10")]
    assert client.post(action, dict(fields)).status_code == 403
    answer = client.post(action, {**dict(fields), "csrfmiddlewaretoken": fresh})
    assert answer.status_code == 200


NOT_KEPT = {
    "a password": {"new_password1": "made up"},
    "a PIN": {"pin": "1234"},
    "a code": {"otp_code": "123456"},
    "a card": {"card_number": "4111"},
    "a file": {"photo": SimpleUploadedFile("photo.png", b"made up")},
    "over 64 kB": {"text": "x" * 66_000},
}


@pytest.mark.parametrize("fields", NOT_KEPT.values(), ids=NOT_KEPT)
def test_what_is_not_kept_leads_back_to_its_form(old: Client, fields: dict[str, Any]) -> None:
    before = set(old.session.keys())
    headers = {"referer": "http://testserver/account/?tab=2"}
    asked = old.post(MATTERS, {"name": "Ash", **fields}, headers=headers)
    assert asked.url == f"{STEP_UP}?next=http%3A%2F%2Ftestserver%2Faccount%2F%3Ftab%3D2"
    assert set(old.session.keys()) == before
    assert kept_posts.cookie.name not in asked.cookies


@pytest.mark.parametrize("name", ["shipping", "hotplate", "spinner", "keyword", "discard"])
def test_an_innocent_name_is_kept(old: Client, name: str) -> None:
    asked = old.post(MATTERS, {name: "made up"})
    assert asked.url.endswith("form%2F") == (name != "discard")


def test_just_under_the_limit_is_kept(old: Client) -> None:
    assert old.post(MATTERS, {"text": "x" * 65_000}).url.endswith("form%2F")


def test_a_field_that_the_view_calls_sensitive_is_not_kept(old: Client) -> None:
    assert old.post("/secretive/", {"answer": "Rex"}).url == f"{STEP_UP}?next=%2Fsecretive%2F"
    assert old.post("/secretive/", {"else": "Rex"}).url.endswith("form%2F")


def test_json_is_not_kept(old: Client) -> None:
    asked = old.post(MATTERS, {"amount": 10}, content_type="application/json")
    assert asked.url == f"{STEP_UP}?next=%2Fmatters%2F"


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
def test_where_sessions_are_cookies_nothing_is_kept(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    age_sign_in_of_cookie(client)
    assert client.post(MATTERS, {"amount": "10"}).url == f"{STEP_UP}?next=%2Fmatters%2F"


def age_sign_in_of_cookie(client: Client) -> None:
    session = client.session
    session["corbado_sign_in"]["at"] -= 601
    session.save()
    client.cookies["sessionid"] = session.session_key


def test_after_ten_minutes_the_form_is_gone(
    old: Client, corbado: Corbado, robin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = old.post(MATTERS, {"amount": "10"}).url
    again(old, corbado, robin, asked)
    session = old.session
    session["_corbado_auth_kept_post"]["at"] -= 601
    session.save()
    page = old.get(KEPT)
    assert page.status_code == 410
    assert "fill in the form again" in page.content.decode()
    assert "amount" not in str(dict(old.session.items()))


def test_a_form_that_was_left_behind_goes_at_the_next_page_that_asks(
    old: Client, corbado: Corbado, robin: User
) -> None:
    asked = old.post(MATTERS, {"amount": "10"}).url
    again(old, corbado, robin, asked)
    session = old.session
    session["_corbado_auth_kept_post"]["at"] -= 601
    session.save()
    old.get("/page/")
    assert "amount" not in str(dict(old.session.items()))


def test_the_button_that_sends_the_form_is_in_no_frame(
    old: Client, corbado: Corbado, robin: User
) -> None:
    again(old, corbado, robin, old.post(MATTERS, {"amount": "10"}).url)
    with override_settings(X_FRAME_OPTIONS="SAMEORIGIN"):
        assert old.get(KEPT)["X-Frame-Options"] == "DENY"


def test_a_form_that_a_thief_leaves_in_the_session_is_not_offered_to_its_owner(
    old: Client, corbado: Corbado, robin: User
) -> None:
    thief = Client()
    thief.cookies["sessionid"] = old.cookies["sessionid"].value
    thief.post(MATTERS, {"to": "the thief"})
    again(old, corbado, robin, STEP_UP)
    page = old.get(KEPT)
    assert page.status_code == 410
    assert "the thief" not in page.content.decode()


def test_the_thief_cannot_send_it_either(old: Client, corbado: Corbado, robin: User) -> None:
    thief = Client()
    thief.cookies["sessionid"] = old.cookies["sessionid"].value
    thief.post(MATTERS, {"to": "the thief"})
    assert thief.get(KEPT).url.startswith(STEP_UP)
    again(old, corbado, robin, STEP_UP)
    assert thief.get(KEPT).status_code == 302


def test_somebody_else_in_that_browser_does_not_find_it(
    old: Client, corbado: Corbado, robin: User
) -> None:
    old.post(MATTERS, {"amount": "10"})
    old.post("/corbado/logout/")
    sign_in(old, corbado.issue_token(corbado.add_user("ash@example.com")))
    assert old.get(KEPT).status_code == 410


def test_the_waiting_form_asks_for_a_recent_sign_in_as_well(old: Client) -> None:
    old.post(MATTERS, {"amount": "10"})
    answer = old.get(KEPT)
    assert answer.url == f"{STEP_UP}?next=%2Fcorbado%2Fstep-up%2Fform%2F"


def test_a_visitor_finds_no_form(client: Client) -> None:
    assert client.get(KEPT).status_code == 302


def test_honest_headers_reach_the_page_by_the_step_up_page(
    old: Client, corbado: Corbado, robin: User
) -> None:
    """A page that is no login page would make it one click more."""
    asked = old.get(MATTERS).url
    old.get(asked)
    headers = {**FROM_LOGIN_PAGE, "referer": f"http://testserver{asked}"}
    token = corbado.issue_token(robin)
    answer = old.get(f"/corbado/redirect/?corbadoAuthToken={token}", headers=headers)
    assert answer.url == MATTERS
