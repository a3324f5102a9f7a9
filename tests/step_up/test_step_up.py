"""A view of the site asks for a recent sign-in: there and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from corbado_auth.decorators import recent_sign_in_required
from corbado_auth.mixins import RecentSignInRequiredMixin
from corbado_auth.models import ConnectAccount, PasskeyNudge
from corbado_auth.testing import Corbado, User
from corbado_auth.views import LoginView
from tests.support.backends import SecondFactorBackend
from tests.support.front_door import FROM_LOGIN_PAGE, age_sign_in, sign_in
from tests.support.step_up import MATTERS, STEP_UP, again

PASSWORD = "an old password"
MakeUser = Callable[..., Any]

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.step_up")]


def test_a_user_who_has_just_signed_in_is_served(
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


def test_a_user_with_a_second_factor_has_a_link_to_the_page_that_asks_for_it(
    old: Client, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = [
        *settings.AUTHENTICATION_BACKENDS,
        "tests.support.backends.SecondFactorBackend",
    ]
    with mock.patch.object(SecondFactorBackend, "second_factor_url", "/account/"):
        page = old.get(f"{STEP_UP}?next=/matters/").content.decode()
    assert 'href="/account/?next=%2Fmatters%2F"' in page


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
    # A person who looks at the empty list of passkeys has a handle, too.
    ConnectAccount.objects.get_or_link(user)
    assert old.get(MATTERS).url == f"{STEP_UP}?next=%2Fmatters%2F"
    PasskeyNudge.objects.create(
        user=user,
        project_id=settings.CORBADO_PROJECT_ID,
        answer="added",
        quiet_since=timezone.now(),
    )
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


def test_another_user_who_signs_in_is_asked_first(
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
def test_an_impersonator_gets_no_further(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    client.force_login(make_user("erin@example.com"), "django.contrib.auth.backends.ModelBackend")
    for answer in (client.get(MATTERS), client.post(MATTERS, {"a": "b"}), client.get(STEP_UP)):
        assert answer.status_code == 403
        assert "acting as someone else" in answer.content.decode()
    answer = client.get(MATTERS, headers={"sec-fetch-mode": "cors"})
    assert (answer.status_code, answer.json()["error"]) == (403, "impersonating")


def test_honest_headers_reach_the_page_by_the_step_up_page(
    old: Client, corbado: Corbado, robin: User
) -> None:
    """On a page that is not a login page, it would take one more click."""
    asked = old.get(MATTERS).url
    old.get(asked)
    headers = {**FROM_LOGIN_PAGE, "referer": f"http://testserver{asked}"}
    token = corbado.issue_token(robin)
    answer = old.get(f"/corbado/redirect/?corbadoAuthToken={token}", headers=headers)
    assert answer.url == MATTERS


@pytest.mark.parametrize("age", [timedelta(minutes=5), "300", 0, -1, True, float("nan"), None])
def test_an_age_that_no_sign_in_could_have_is_a_sentence(age: Any) -> None:
    """Otherwise, people would be sent to sign in for ever."""

    class Page(RecentSignInRequiredMixin):
        recent_sign_in = age

    with pytest.raises(ValueError, match="number of seconds above 0"):
        recent_sign_in_required(max_age=age)
    with pytest.raises(ValueError, match="number of seconds above 0"):
        Page.as_view()(RequestFactory().get("/"))
