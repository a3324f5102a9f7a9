"""The switch: while it is off, nobody sees Corbado, passwords work, and nobody is signed out."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import include, path, reverse
from pytest_django import DjangoAssertNumQueries

from corbado_auth import switch
from corbado_auth.decorators import login_page
from corbado_auth.doctor import examine
from corbado_auth.models import PasskeyNudge, SignInSwitch
from corbado_auth.testing import Corbado
from tests.support.front_door import age_sign_in
from tests.support.webhook import CREDENTIALS, basic

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
PASSWORD = "an old password"
BACKEND = "django.contrib.auth.backends.ModelBackend"
LOGIN = "/corbado/login/"
COMPONENT = "<corbado-auth "
CONNECT = "data-corbado-connect="
ADMIN = "admin:corbado_auth_signinswitch_changelist"
MakeUser = Callable[..., Any]
USES = [pytest.param(False, id="older"), pytest.param(True, id="connect"), "both"]


def everything(request: HttpRequest) -> HttpResponse:
    """Show what every tag of ours that may render something renders."""
    tags = (
        "{% corbado_auth %}{% corbado_passkey_associate 'token' %}{% corbado_passkey_list %}"
        "{% corbado_passkey_nudge %}{% corbado_connect_login %}{% corbado_connect_append %}"
        "{% corbado_connect_passkeys %}"
    )
    source = f"{{% load corbado %}}{tags}"
    return HttpResponse(engines["django"].from_string(source).render({}, request))


urlpatterns = [
    path("everything/", everything),
    path("my-login/", login_page(everything)),
    path("", include("tests.urls")),
]


@pytest.fixture
def ada(make_user: MakeUser) -> Any:
    return make_user(ADA, password=PASSWORD)


@pytest.fixture
def boss(make_user: MakeUser, client: Client) -> Any:
    found = make_user("boss@example.com", is_staff=True, is_superuser=True)
    client.force_login(found, backend=BACKEND)
    return found


@pytest.fixture(params=USES)
def product(request: pytest.FixtureRequest, corbado: Corbado, settings: Any) -> Any:
    settings.CORBADO_CONNECT = request.param
    return request.param


def forget() -> None:
    """Behave like a process that has not read the switch yet."""
    switch._memory.known = {}
    switch._memory.unsettled_until = 0.0


def text_of(client: Client, url: str) -> str:
    return client.get(url).content.decode()


# -- Off ------------------------------------------------------------------------------------------


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("url", ["/everything/", "/my-login/"])
def test_tags_render_nothing(client: Client, ada: Any, product: Any, url: str) -> None:
    assert client.login(username=ada.get_username(), password=PASSWORD)
    assert "corbado" in text_of(client, url)
    switch.turn(False)
    assert text_of(client, url).strip() == ""
    switch.turn(True)
    assert "corbado" in text_of(client, url)


def test_the_login_page_has_the_password_form_alone(client: Client, ada: Any, product: Any) -> None:
    main_button = '<button class="corbado-auth-button">Sign in with password'
    assert main_button not in text_of(client, LOGIN)
    switch.turn(False)
    page = text_of(client, LOGIN)
    assert not [each for each in (COMPONENT, CONNECT, "/auth.js") if each in page]
    assert 'type="password"' in page
    assert main_button in page
    answer = client.post(LOGIN, {"username": ada.get_username(), "password": PASSWORD})
    assert answer.status_code == 302
    assert get_user(client) == ada


def test_without_a_password_form_the_login_page_says_what_is_the_matter(
    client: Client, settings: Any
) -> None:
    settings.CORBADO_PASSWORD_BACKENDS = []
    switch.turn(False)
    page = text_of(client, LOGIN)
    assert "switched off at the moment" in page
    assert COMPONENT not in page


def test_a_token_is_not_spent_and_the_page_leads_to_the_password(
    client: Client, corbado: Corbado
) -> None:
    ada = corbado.add_user(ADA)
    switch.turn(False)
    token = corbado.issue_token(ada)
    url = f"{reverse('corbado_auth:redirect')}?corbadoAuthToken={token}"
    answer = client.get(url, headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})
    assert answer.status_code == 403
    assert "Passkeys are switched off" in answer.content.decode()
    assert f'href="{LOGIN}"' in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not corbado.requests
    answer = client.get(url, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (403, "switched_off")
    assert not get_user(client).is_authenticated


def test_a_sign_in_that_has_begun_stops_too(client: Client, corbado: Corbado) -> None:
    client.get(LOGIN)
    switch.turn(False)
    answer = corbado.sign_in(client, corbado.add_user(ADA))
    assert answer.status_code == 403
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("name", ["confirm", "confirm-email", "passkeys", "add-passkey"])
def test_the_older_products_pages_say_so(client: Client, ada: Any, name: str) -> None:
    client.force_login(ada, backend=BACKEND)
    switch.turn(False)
    answer = client.get(reverse(f"corbado_auth:{name}"))
    assert answer.status_code == 403
    assert "You are still signed in." in answer.content.decode()


def test_connect_refuses_in_json_and_its_pages_say_so(
    client: Client, corbado: Corbado, settings: Any, ada: Any
) -> None:
    settings.CORBADO_CONNECT = True
    data = corbado.connect_data(ada)
    switch.turn(False)
    answer = corbado.post_connect_data(client, data)
    assert (answer.status_code, answer.json()["error"]) == (403, "switched_off")
    assert "password" in answer.json()["message"]
    client.force_login(ada, backend=BACKEND)
    answer = client.post(
        reverse("corbado_auth:connect-tokens"),
        '{"type": "passkey-list"}',
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["error"]) == (403, "switched_off")
    for name in ("connect-passkeys", "connect-confirm"):
        answer = client.get(reverse(f"corbado_auth:{name}"))
        assert answer.status_code == 403
        assert "switched off" in answer.content.decode()
    assert not corbado.requests


def test_offers_stop_and_none_counts_as_made(client: Client, ada: Any) -> None:
    switch.turn(False)
    assert client.login(username=ada.get_username(), password=PASSWORD)
    assert not PasskeyNudge.objects.exists()


def test_people_who_are_signed_in_stay_so(client: Client, corbado: Corbado) -> None:
    corbado.sign_in(client, corbado.add_user(ADA))
    assert get_user(client).is_authenticated
    switch.turn(False)
    assert client.get("/account/").status_code == 200
    assert get_user(client).is_authenticated


def test_signing_in_again_is_by_password(
    client: Client, corbado: Corbado, settings: Any, ada: Any
) -> None:
    """Someone with a Connect account would be sent to a page that is switched off."""
    settings.CORBADO_CONNECT = True
    corbado.sign_in_by_connect(client, ada)
    age_sign_in(client)
    assert "/connect/confirm/" in client.get("/matters/").headers["Location"]
    switch.turn(False)
    assert "/step-up/" in client.get("/matters/").headers["Location"]


def test_webhooks_go_on(client: Client, ada: Any, settings: Any) -> None:
    settings.CORBADO_WEBHOOK_SECRETS = [CREDENTIALS]
    switch.turn(False)
    answer = client.post(
        reverse("corbado_auth:action-webhook"),
        {"action": "authMethods", "projectID": "pro-1234567890", "data": {"username": ADA}},
        content_type="application/json",
        headers={"Authorization": basic(CREDENTIALS), "X-Corbado-Action": "authMethods"},
    )
    assert answer.status_code == 200
    assert answer.json()["data"]["status"] == "exists"


# -- What it costs, and who notices ---------------------------------------------------------------


@pytest.mark.urls(__name__)
def test_pages_without_our_tags_take_no_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    forget()
    with django_assert_num_queries(0):
        client.get("/")


@pytest.mark.urls(__name__)
def test_a_page_with_all_of_them_takes_one_and_the_next_ones_none(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    forget()
    with django_assert_num_queries(1):
        client.get("/my-login/")
    with django_assert_num_queries(0):
        client.get("/my-login/")
        client.get(LOGIN)


def test_another_process_notices_within_the_delay(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(switch, "monotonic", lambda: clock[0])
    forget()
    assert COMPONENT in text_of(client, LOGIN)
    # As another process does: this one is told nothing.
    SignInSwitch.objects.create(pk=1, is_on=False)
    clock[0] += switch.DELAY - 0.1
    assert COMPONENT in text_of(client, LOGIN)
    clock[0] += 0.1
    assert COMPONENT not in text_of(client, LOGIN)


def test_what_is_rolled_back_is_not_remembered(client: Client) -> None:
    with transaction.atomic():
        switch.turn(False)
        assert COMPONENT not in text_of(client, LOGIN)
        transaction.set_rollback(True)
    assert COMPONENT in text_of(client, LOGIN)


def test_while_the_database_is_away_the_last_position_counts(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> None:
        raise OperationalError("user=shop password=secret")

    monkeypatch.setattr(switch, "current_switch", away)
    forget()
    assert COMPONENT in text_of(client, LOGIN)
    assert "cannot be read (OperationalError)" in caplog.text
    assert "secret" not in caplog.text
    (key,) = switch._memory.known
    switch._memory.known[key] = (-math.inf, False)
    assert COMPONENT not in text_of(client, LOGIN)


# -- The admin, the command and the doctor --------------------------------------------------------


def test_the_admin_shows_and_turns_it_and_says_who_did(client: Client, boss: Any) -> None:
    url = reverse(ADMIN)
    assert f'href="{url}"' in text_of(client, reverse("admin:index"))
    page = text_of(client, url)
    assert "Passkeys and links by email are on." in page
    assert 'name="turn" value="off"' in page
    answer = client.post(url, {"turn": "off"}, follow=True)
    page = answer.content.decode()
    assert re.search(rf"Switched by {boss}, \w+\.? \d+, \d{{4}} \d\d:\d\d\.<", page)
    assert 'name="turn" value="on"' in page
    assert COMPONENT not in text_of(Client(), LOGIN)
    row = SignInSwitch.objects.get()
    assert (row.is_on, row.changed_by) == (False, boss)
    assert LogEntry.objects.get().change_message == "Switched off."
    client.post(url, {"turn": "on"})
    assert COMPONENT in text_of(Client(), LOGIN)
    assert SignInSwitch.objects.count() == 1
    answer = client.get(reverse("admin:corbado_auth_signinswitch_change", args=[1]))
    assert answer.headers["Location"] == url


@pytest.mark.parametrize(
    ("codename", "sees", "turns"),
    [("", False, False), ("view_signinswitch", True, False), ("change_signinswitch", True, True)],
)
def test_permissions_say_who_may(
    client: Client, make_user: MakeUser, codename: str, sees: bool, turns: bool
) -> None:
    from django.contrib.auth.models import Permission

    clerk = make_user("clerk@example.com", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename=codename))
    client.force_login(clerk, backend=BACKEND)
    page = client.get(reverse(ADMIN))
    assert page.status_code == (200 if sees else 403)
    assert (b'type="submit" class="default corbado-switch-button"' in page.content) == turns
    assert client.post(reverse(ADMIN), {"turn": "off"}).status_code == (302 if turns else 403)
    assert switch.is_on() != turns


def test_another_value_turns_nothing(client: Client, boss: Any) -> None:
    assert client.post(reverse(ADMIN), {"turn": "maybe"}).status_code == 403
    assert not SignInSwitch.objects.exists()


def test_a_deleted_user_leaves_the_switch_where_it_is(boss: Any) -> None:
    switch.turn(False, by=boss)
    boss.delete()
    assert not switch.is_on()
    assert SignInSwitch.objects.get().changed_by is None


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("corbado_switch", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_turns_and_rehearses(boss: Any) -> None:
    assert command() == "Passkeys and links by email are on.\n"
    assert "would switch off" in command("off", "--dry-run")
    assert switch.is_on()
    said = command("off")
    assert "are off, since" in said
    assert "(by the command line)" in said
    assert "5 seconds" in said
    assert not switch.is_on()
    switch.turn(False, by=boss)
    assert f"(by {boss.get_username()})" in command()
    assert "are on, since" in command("on")
    with pytest.raises(CommandError):
        command("sideways")


def test_the_command_works_where_the_checks_find_errors(settings: Any) -> None:
    settings.CORBADO_PROJECT_ID = ""
    out = StringIO()
    call_command("corbado_switch", "off", stdout=out, skip_checks=False)
    assert "are off" in out.getvalue()


def test_the_command_names_the_pilot(settings: Any) -> None:
    settings.CORBADO_ENABLED_FOR = "shop.pilot.sees_passkeys"
    assert "whom shop.pilot.sees_passkeys lets in" in command()


def test_the_doctor_says_that_it_is_off(corbado: Corbado) -> None:
    assert "Switch" not in {finding.subject for finding in examine()}
    switch.turn(False)
    (found,) = [finding for finding in examine() if finding.subject == "Switch"]
    assert "have been switched off since" in found.fact
    assert "corbado_switch on" in found.advice


def test_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "corbado_auth"):
        switch.turn(False)
    assert "were switched off" in caplog.text


def test_without_a_request_only_the_switch_decides(settings: Any) -> None:
    settings.CORBADO_ENABLED_FOR = "tests.test_pilot.nobody"
    assert switch.is_enabled(None)
    assert not switch.is_enabled(RequestFactory().get("/"))
