"""A pilot: CORBADO_ENABLED_FOR decides who sees Corbado; for everyone else it is switched off."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import Group
from django.core.checks import Error
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from corbado_auth import pilot, switch
from corbado_auth.checks.values import check_values
from corbado_auth.testing import Corbado
from tests.test_switch import ADA, BACKEND, COMPONENT, LOGIN, PASSWORD, text_of

pytestmark = pytest.mark.django_db

MIDDLEWARE = "corbado_auth.pilot.PilotMiddleware"
MakeUser = Callable[..., Any]
_asked: list[str] = []


def nobody(request: HttpRequest) -> bool:
    """Let in nobody."""
    _asked.append(request.path)
    return False


def broken(request: HttpRequest) -> bool:
    """Fail, with something secret in the message."""
    raise LookupError("a secret of the request")


async def asynchronous(request: HttpRequest) -> bool:
    """Be of a kind that cannot be called."""
    return True


def team(request: HttpRequest) -> bool:
    """Let in staff and a group."""
    return pilot.is_staff(request) or pilot.in_group(request, "Pilot")


def half(request: HttpRequest) -> bool:
    """Let in every second browser."""
    return pilot.in_percentage(request, 50)


def first_ten(request: HttpRequest) -> bool:
    """Let in fewer."""
    return pilot.in_percentage(request, 10)


@pytest.fixture
def enabled_for(settings: Any) -> Callable[[Callable[..., Any]], None]:
    """Return the function that sets CORBADO_ENABLED_FOR, and our middleware."""

    def use(function: Callable[..., Any]) -> None:
        settings.CORBADO_ENABLED_FOR = f"{__name__}.{function.__name__}"
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, MIDDLEWARE]

    return use


def sees_passkeys(client: Client) -> bool:
    return COMPONENT in text_of(client, LOGIN)


def test_who_is_not_let_in_sees_the_password_form_alone(
    client: Client, corbado: Corbado, enabled_for: Any, make_user: MakeUser, settings: Any
) -> None:
    enabled_for(nobody)
    page = text_of(client, LOGIN)
    assert COMPONENT not in page
    assert 'type="password"' in page
    answer = corbado.sign_in(client, corbado.add_user(ADA))
    assert answer.status_code == 403
    assert not corbado.requests
    settings.CORBADO_CONNECT = True
    ada = make_user("ada2@example.com")
    assert corbado.sign_in_by_connect(client, ada).json()["error"] == "switched_off"


def test_a_sign_in_by_connect_that_has_begun_goes_on(
    client: Client, corbado: Corbado, enabled_for: Any, make_user: MakeUser, settings: Any
) -> None:
    """The rule may look at the page's URL, and the script posts to another one."""
    settings.CORBADO_CONNECT = True
    ada = make_user("ada2@example.com")
    visit = re.search(r'data-visit="([^"]+)"', text_of(client, LOGIN))
    assert visit
    enabled_for(nobody)
    body = {"signedPasskeyData": corbado.connect_data(ada), "visit": visit[1]}
    url = reverse("corbado_auth:connect-login")

    def post(**changes: str) -> Any:
        return client.post(url, {**body, **changes}, content_type="application/json")

    assert post(visit="made:up").json()["error"] == "switched_off"
    switch.turn(False)
    assert post().json()["error"] == "switched_off"
    switch.turn(True)
    assert post().status_code == 200


def test_it_is_asked_once_for_a_page(client: Client, enabled_for: Any) -> None:
    enabled_for(nobody)
    _asked.clear()
    client.get(LOGIN)
    assert _asked == [LOGIN]


def test_a_link_by_email_may_be_opened_in_another_browser(
    client: Client, corbado: Corbado, enabled_for: Any
) -> None:
    """The one who asked for it was let in; the mail program's browser is not known."""
    enabled_for(nobody)
    page = text_of(client, f"{LOGIN}?corbadoEmailLinkID=eml-1&corbadoToken=t")
    assert COMPONENT in page
    url = f"/corbado/redirect/?corbadoAuthToken={corbado.issue_token(corbado.add_user(ADA))}"
    answer = client.get(
        url, headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    )
    assert answer.headers["Location"] == "/corbado/confirm/"
    assert client.get("/corbado/confirm/").status_code == 200
    switch.turn(False)
    assert client.get("/corbado/confirm/").status_code == 403


@pytest.mark.parametrize("function", [broken, asynchronous])
def test_one_that_fails_leads_to_the_password(
    client: Client, enabled_for: Any, caplog: pytest.LogCaptureFixture, function: Any
) -> None:
    enabled_for(function)
    with caplog.at_level(logging.ERROR, "corbado_auth"):
        page = client.get(LOGIN)
    assert page.status_code == 200
    assert COMPONENT not in page.content.decode()
    assert f"CORBADO_ENABLED_FOR: {__name__}.{function.__name__} raised" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "path", ["shop.pilot.missing", "tests.test_pilot.asynchronous", "tests.test_pilot.MIDDLEWARE"]
)
def test_the_check_tells_before(settings: Any, path: str) -> None:
    settings.CORBADO_ENABLED_FOR = path
    (found,) = [each for each in check_values() if each.id == "corbado_auth.E023"]
    assert isinstance(found, Error)
    assert path in found.msg


def test_the_check_has_nothing_against_a_function(settings: Any) -> None:
    settings.CORBADO_ENABLED_FOR = "tests.test_pilot.nobody"
    assert not [each for each in check_values() if each.id == "corbado_auth.E023"]


# -- The functions that a site can use ------------------------------------------------------------


@pytest.mark.parametrize("way", ["staff", "group"])
def test_a_member_is_remembered_by_the_browser(
    client: Client, enabled_for: Any, make_user: MakeUser, way: str
) -> None:
    enabled_for(team)
    member = make_user(ADA, password=PASSWORD, is_staff=way == "staff")
    if way == "group":
        member.groups.add(Group.objects.create(name="Pilot"))
    assert not sees_passkeys(client)
    assert client.login(username=member.get_username(), password=PASSWORD)
    assert sees_passkeys(client)
    client.logout()
    assert not get_user(client).is_authenticated
    assert not sees_passkeys(Client())


def test_the_cookie_of_a_member_outlives_the_session(
    client: Client, enabled_for: Any, make_user: MakeUser
) -> None:
    enabled_for(team)
    client.force_login(make_user(ADA, is_staff=True), backend=BACKEND)
    assert sees_passkeys(client)
    cookie = client.cookies["corbado_auth_pilot"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    del client.cookies["sessionid"]
    assert sees_passkeys(client)


def test_others_at_the_same_browser_are_judged_by_who_they_are(
    client: Client, enabled_for: Any, make_user: MakeUser
) -> None:
    enabled_for(team)
    client.force_login(make_user(ADA, is_staff=True), backend=BACKEND)
    assert sees_passkeys(client)
    client.force_login(make_user("bea@example.com"), backend=BACKEND)
    assert not sees_passkeys(client)


def test_a_percentage_sticks_to_the_browser(
    client: Client, enabled_for: Any, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([4999, 5000, 999])
    monkeypatch.setattr(pilot.secrets, "randbelow", lambda below: next(drawn))
    enabled_for(half)
    other, third = Client(), Client()
    ada = make_user(ADA)
    for _time in range(3):
        assert sees_passkeys(client)
        assert not sees_passkeys(other)
    client.force_login(ada, backend=BACKEND)
    assert sees_passkeys(client)
    assert sees_passkeys(third)


def test_who_is_among_fewer_is_among_more(
    client: Client, enabled_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot.secrets, "randbelow", lambda below: 999)
    enabled_for(first_ten)
    assert sees_passkeys(client)
    enabled_for(half)
    assert sees_passkeys(client)


@pytest.mark.parametrize("value", ["", "x", "-1", "12345", "1².member"])
def test_a_cookie_that_makes_no_sense_is_drawn_anew(
    client: Client, enabled_for: Any, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setattr(pilot.secrets, "randbelow", lambda below: 42)
    enabled_for(half)
    client.cookies["corbado_auth_pilot"] = value
    assert sees_passkeys(client)
    assert client.cookies["corbado_auth_pilot"].value.startswith("42")


def test_pages_that_ask_nothing_set_no_cookie(client: Client, enabled_for: Any) -> None:
    enabled_for(half)
    assert "corbado_auth_pilot" not in client.get("/").cookies


def test_without_the_middleware_the_log_says_what_to_add(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CORBADO_ENABLED_FOR = f"{__name__}.half"
    assert not sees_passkeys(client)
    assert "raised ImproperlyConfigured" in caplog.text
