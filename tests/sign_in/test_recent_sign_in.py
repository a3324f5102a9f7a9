"""When a session counts as recent: after a real sign-in that no copy of the session shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model, login
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import LoginView
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from corbado_auth.decorators import login_page
from corbado_auth.session import SIGN_IN, last_sign_in
from corbado_auth.testing import Corbado, User
from tests.support.front_door import age_sign_in, sign_in
from tests.urls import urlpatterns as site

ADD = "/corbado/passkeys/add/"
PASSWORD = "an old password"
MakeUser = Callable[..., Any]


@login_page
async def async_form(request: HttpRequest) -> HttpResponse:
    """Answer with the session's key."""
    return HttpResponse(await request.session.aget("_auth_user_id", ""))


def let_in(request: HttpRequest) -> HttpResponse:
    """Sign in without any proof, as a page after a sign-up does."""
    user = get_user_model()._default_manager.get()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


def become(request: HttpRequest) -> HttpResponse:
    """Let staff become another user, as django-loginas does."""
    user: Any = get_user_model()._default_manager.exclude(pk=request.user.pk).get()
    user.backend = "django.contrib.auth.backends.ModelBackend"
    login(request, user)
    return HttpResponse()


urlpatterns = [
    path("become/", become),
    path("form/", LoginView.as_view(template_name="corbado_auth/login.html")),
    path("login-page/", login_page(LoginView.as_view(template_name="corbado_auth/login.html"))),
    path("async/", async_form),
    path("let-in/", let_in),
    *site,
]

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("corbado"),
]


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com")


@pytest.fixture
def erin(make_user: MakeUser) -> Any:
    """A local user with a password."""
    return make_user("erin@example.com", username="erin", password=PASSWORD)


def copy_of(client: Client) -> Client:
    """Return another browser with the same session cookie."""
    thief = Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    return thief


def type_password(client: Client, page: str) -> None:
    """Sign in with a password at a page of the site."""
    answer = client.post(page, {"username": "erin", "password": PASSWORD})
    assert answer.status_code == 302


def is_recent(client: Client) -> bool:
    """Return whether this browser may add a passkey."""
    status = client.post(ADD).status_code
    assert status in {200, 302, 303}
    return bool(status == 200)


def test_a_copy_of_a_session_does_not_become_recent_with_its_owner(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    age_sign_in(client)
    thief = copy_of(client)
    sign_in(client, corbado.issue_token(robin))
    assert is_recent(client)
    assert not is_recent(thief)
    assert thief.get("/account/").status_code == 302


def test_signing_in_again_keeps_what_is_in_the_session(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    session = client.session
    session["cart"] = [3, 4]
    session.save()
    sign_in(client, corbado.issue_token(robin))
    assert client.session["cart"] == [3, 4]
    assert Session.objects.count() == 1


def test_signing_in_again_is_a_sign_in_for_the_site(
    client: Client, corbado: Corbado, robin: User
) -> None:
    """Receivers find the row that stays, under the key that the browser gets."""
    rows: list[tuple[str, bool]] = []

    def receiver(request: HttpRequest, **_signal: Any) -> None:
        key = str(request.session.session_key)
        rows.append((key, Session.objects.filter(session_key=key).exists()))

    user_logged_in.connect(receiver)
    try:
        sign_in(client, corbado.issue_token(robin))
        sign_in(client, corbado.issue_token(robin))
    finally:
        user_logged_in.disconnect(receiver)
    assert [stood for _key, stood in rows] == [True, True]
    assert rows[0][0] != rows[1][0]
    assert rows[1][0] == client.session.session_key


def test_a_second_sign_in_that_fails_leaves_the_first_one(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))

    def receiver(**_signal: Any) -> None:
        raise RuntimeError("a receiver of the site")

    user_logged_in.connect(receiver)
    client.raise_request_exception = False
    try:
        assert sign_in(client, corbado.issue_token(robin)).status_code == 500
    finally:
        user_logged_in.disconnect(receiver)
    assert client.get("/account/").status_code == 200


def test_a_password_at_a_page_that_keeps_the_key_does_not_count(client: Client, erin: Any) -> None:
    type_password(client, "/form/")
    age_sign_in(client)
    thief = copy_of(client)
    type_password(client, "/form/")
    assert not is_recent(thief)
    assert not is_recent(client)


def test_a_password_at_a_login_page_counts_for_its_user(client: Client, erin: Any) -> None:
    type_password(client, "/login-page/")
    age_sign_in(client)
    thief = copy_of(client)
    type_password(client, "/login-page/")
    assert is_recent(client)
    assert not is_recent(thief)
    assert thief.get("/account/").status_code == 302


def test_a_wrong_password_at_a_login_page_does_not_count(client: Client, erin: Any) -> None:
    type_password(client, "/login-page/")
    age_sign_in(client)
    client.post("/login-page/", {"username": "erin", "password": "wrong"})
    assert client.get("/account/").status_code == 200
    assert not is_recent(client)


def test_an_async_login_page_gives_a_new_key_too(client: Client, erin: Any) -> None:
    type_password(client, "/form/")
    before = client.session.session_key
    assert client.post("/async/").content.decode() == str(erin.pk)
    assert client.session.session_key != before


def test_a_login_page_gives_no_session_to_a_visitor(client: Client, erin: Any) -> None:
    client.post("/login-page/", {"username": "erin", "password": "wrong"})
    assert not Session.objects.exists()


def test_without_a_cookie_the_session_itself_tells_that_it_kept_its_key(
    client: Client, erin: Any
) -> None:
    """Apps send the key in a header; the test client's login() sends none either."""
    client.login(username="erin", password=PASSWORD)
    age_sign_in(client)
    client.login(username="erin", password=PASSWORD)
    assert not is_recent(client)


def test_being_let_in_without_a_proof_does_not_count(client: Client, erin: Any) -> None:
    client.get("/let-in/")
    assert client.get("/account/").status_code == 200
    assert not is_recent(client)


def test_impersonating_a_user_and_coming_back_does_not_count(
    client: Client, erin: Any, make_user: MakeUser
) -> None:
    make_user("finn@example.com", username="finn", password=PASSWORD)
    client.login(username="finn", password=PASSWORD)
    for _there_and_back in range(2):
        client.get("/become/")
        assert client.get("/account/").status_code == 200
        assert not is_recent(client)


def test_changing_over_with_a_password_counts(
    client: Client, erin: Any, make_user: MakeUser
) -> None:
    make_user("finn@example.com", username="finn", password=PASSWORD)
    client.login(username="finn", password=PASSWORD)
    type_password(client, "/form/")
    assert is_recent(client)


def test_switching_to_another_user_through_corbado_counts(
    client: Client, corbado: Corbado, robin: User, erin: Any
) -> None:
    client.login(username="erin", password=PASSWORD)
    sign_in(client, corbado.issue_token(robin))
    shown = client.get("/corbado/confirm/").context["result"].id
    client.post("/corbado/confirm/", {"id": shown})
    assert is_recent(client)


def test_a_sign_in_without_a_session_is_passed_over(erin: Any) -> None:
    user_logged_in.send(sender=type(erin), request=HttpRequest(), user=erin)
    user_logged_in.send(sender=type(erin), request=None, user=erin)
    assert not Session.objects.exists()


def test_the_session_says_when_and_how_a_person_signed_in(
    client: Client, corbado: Corbado, robin: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    noted = client.session[SIGN_IN]
    assert noted["method"] == "corbado"
    assert noted["user"] == client.session["_auth_user_id"]
    assert client.session.session_key not in str(noted)


def test_another_users_mark_does_not_count(client: Client, erin: Any) -> None:
    """As when a package changes the user of a session without emptying it."""
    client.login(username="erin", password=PASSWORD)
    session = client.session
    session[SIGN_IN]["user"] = "999"
    session.save()
    assert not is_recent(client)


def test_a_visitor_has_no_last_sign_in(rf: Any) -> None:
    assert last_sign_in(rf.get("/")) is None
