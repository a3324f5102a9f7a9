"""django-axes: wrong passwords lock a person's password, and never a passkey or Corbado."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client, override_settings

from corbado_auth.checks import ids
from corbado_auth.testing import Corbado
from tests.support.backends import AnsweredBackend
from tests.support.front_door import sign_in
from tests.support.webhook import CREDENTIALS, PROJECT_ID, basic

PASSWORD = "an old password"
LOGIN = "/admin/login/"
ERIN, FINN = "erin@example.com", "finn@example.com"
OUT_OF_THE_BOX = ["ip_address"]
AS_THE_HOW_TO_SAYS = [["username", "ip_address"]]
AXES = "axes.backends.AxesStandaloneBackend"
MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


class ForMembers(AnsweredBackend):
    """A backend of a site that accepts no new people."""

    create_unknown_user = False


@pytest.fixture(autouse=True)
def _people(make_user: MakeUser) -> None:
    for address in (ERIN, FINN):
        make_user(address, password=PASSWORD)


def ask(username: str, password: str) -> HttpResponse:
    """Ask as Corbado does: always from the same address."""
    body = {
        "id": "who-1",
        "projectID": PROJECT_ID,
        "action": "passwordVerify",
        "data": {"username": username, "password": password},
    }
    return Client().post(
        "/corbado/webhooks/actions/",
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": basic(CREDENTIALS), "x-corbado-action": "passwordVerify"},
        REMOTE_ADDR="192.0.2.10",
    )


def is_right(answer: HttpResponse) -> bool:
    return answer.status_code == 200 and json.loads(answer.content)["data"]["success"]


def guess(username: str, times: int = 5) -> list[HttpResponse]:
    return [ask(username, "a wrong guess") for _ in range(times)]


def test_a_right_password_is_right_with_axes_too() -> None:
    assert is_right(ask(ERIN, PASSWORD))


@override_settings(AXES_LOCKOUT_PARAMETERS=OUT_OF_THE_BOX)
def test_out_of_the_box_guesses_about_one_person_lock_everybody_out() -> None:
    guess(ERIN)
    assert not is_right(ask(FINN, PASSWORD))


@override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS)
def test_with_our_setting_guesses_lock_one_person_alone() -> None:
    guess(ERIN)
    assert is_right(ask(FINN, PASSWORD))
    assert not is_right(ask(ERIN, PASSWORD))


@override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS)
def test_guesses_about_strangers_lock_nobody_out() -> None:
    guess("nobody@example.com")
    assert is_right(ask(ERIN, PASSWORD))


@override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS)
def test_a_person_locked_at_corbado_can_still_sign_in_at_the_site(make_user: MakeUser) -> None:
    make_user("gwen@example.com", password=PASSWORD, is_staff=True)
    guess("gwen@example.com")
    form = {"username": "gwen@example.com", "password": PASSWORD}
    with override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS):
        assert Client(REMOTE_ADDR="198.51.100.7").post(LOGIN, form).status_code == 302
        assert Client(REMOTE_ADDR="192.0.2.10").post(LOGIN, form).status_code == 429


@override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS)
def test_while_a_person_is_locked_axes_answers_in_our_place() -> None:
    assert guess(ERIN, times=1)[0].status_code == 200
    guess(ERIN)
    assert ask(ERIN, PASSWORD).status_code == 429


def test_the_check_speaks_up_about_the_default_alone() -> None:
    found = [message.id for message in run_checks(tags=["corbado_auth"])]
    assert ids.AXES_LOCKS_BY_ADDRESS in found
    with override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS):
        found = [message.id for message in run_checks()]
    assert ids.AXES_LOCKS_BY_ADDRESS not in found
    assert not [each for each in found if str(each).startswith("axes.")]


# Passkeys -----------------------------------------------------------------------------------

OURS = override_settings(
    AXES_HANDLER="corbado_auth.contrib.axes.DatabaseHandler",
    # The default limit, and a lock without an end, as in a new axes installation.
    AXES_FAILURE_LIMIT=3,
)
OUR_CACHE = override_settings(AXES_HANDLER="corbado_auth.contrib.axes.CacheHandler")


def wrong_password(client: Client, username: str = ERIN, times: int = 3) -> HttpResponse:
    for _ in range(times):
        answer = client.post("/corbado/login/", {"username": username, "password": "a wrong guess"})
    return answer


def attempts() -> dict[str | None, int]:
    return dict(AccessAttempt.objects.values_list("username", "failures_since_start"))


def test_as_it_comes_axes_stops_passkeys(client: Client, corbado: Corbado) -> None:
    """The reason for our handler; if this fails, axes has changed, and the check can be removed."""
    wrong_password(client)
    assert sign_in(client, corbado.issue_token(corbado.add_user(FINN))).status_code == 429


@OURS
def test_a_locked_password_stops_no_passkey_and_stays_locked(
    client: Client, corbado: Corbado
) -> None:
    person = corbado.add_user(ERIN)
    assert wrong_password(client).status_code == 429
    assert sign_in(client, corbado.issue_token(person)).status_code == 303
    assert client.get("/account/").status_code == 200
    assert client.post("/corbado/logout/").status_code == 302
    form = {"username": ERIN, "password": PASSWORD}
    assert client.post("/corbado/login/", form).status_code == 429
    assert sign_in(client, corbado.issue_token(person)).status_code == 303


@override_settings(CORBADO_CONNECT=True)
@OURS
def test_a_locked_password_stops_no_passkey_of_connect(client: Client, corbado: Corbado) -> None:
    wrong_password(client)
    erin = get_user_model().objects.get(email=ERIN)
    assert corbado.sign_in_by_connect(client, erin).status_code == 200


@OURS
def test_refusals_count_for_the_person_and_stop_no_passkey(
    client: Client, corbado: Corbado
) -> None:
    staff = get_user_model().objects.get(email=ERIN)
    get_user_model().objects.filter(pk=staff.pk).update(is_staff=True)
    person = corbado.add_user(ERIN)
    for _ in range(4):
        answer = sign_in(client, corbado.issue_token(person))
        # Our page, which says what to do, and not axes' answer.
        assert answer.status_code == 403
    assert attempts() == {staff.get_username(): 4}
    get_user_model().objects.filter(pk=staff.pk).update(is_staff=False)
    assert sign_in(client, corbado.issue_token(person)).status_code == 303


@override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS)
@OURS
def test_refusals_lock_the_password_of_that_person_alone(client: Client, corbado: Corbado) -> None:
    get_user_model().objects.filter(email=ERIN).update(is_staff=True)
    person = corbado.add_user(ERIN)
    for _ in range(3):
        sign_in(client, corbado.issue_token(person))
    statuses = {
        each: client.post("/corbado/login/", {"username": each, "password": PASSWORD}).status_code
        for each in (ERIN, FINN)
    }
    assert statuses == {ERIN: 429, FINN: 302}


@OURS
def test_an_unknown_person_counts_as_a_corbado_user(client: Client, corbado: Corbado) -> None:
    person = corbado.add_user("stranger@example.com")
    with override_settings(AUTHENTICATION_BACKENDS=[AXES, f"{__name__}.ForMembers"]):
        assert sign_in(client, corbado.issue_token(person)).status_code == 403
    assert attempts() == {person.id: 1}


@OURS
def test_an_account_made_inactive_counts_as_its_user(client: Client, corbado: Corbado) -> None:
    person = corbado.add_user(FINN)
    sign_in(Client(), corbado.issue_token(person))
    get_user_model().objects.filter(email=FINN).update(is_active=False)
    sign_in(client, corbado.issue_token(person))
    assert attempts() == {get_user_model().objects.get(email=FINN).get_username(): 1}


@override_settings(CORBADO_CONNECT=True)
@OURS
def test_a_refused_passkey_of_connect_counts_for_the_person(
    client: Client, corbado: Corbado
) -> None:
    erin = get_user_model().objects.get(email=ERIN)
    data = corbado.connect_data(erin)
    get_user_model().objects.filter(pk=erin.pk).update(is_active=False)
    assert corbado.post_connect_data(client, data).status_code == 403
    unknown = corbado.connect_data("nobody's handle")
    assert corbado.post_connect_data(client, unknown).status_code == 403
    names = set(attempts())
    assert len(names) == 2
    assert erin.get_username() in names
    assert None not in names


@override_settings(AXES_IP_BLACKLIST=["127.0.0.1"])
@OURS
def test_an_address_that_is_blocked_by_hand_stays_blocked(client: Client, corbado: Corbado) -> None:
    assert sign_in(client, corbado.issue_token(corbado.add_user(ERIN))).status_code == 403


@OUR_CACHE
def test_the_handler_that_counts_in_a_cache_lets_passkeys_pass(
    client: Client, corbado: Corbado
) -> None:
    cache.clear()
    assert wrong_password(client).status_code == 429
    assert sign_in(client, corbado.issue_token(corbado.add_user(FINN))).status_code == 303


def test_the_check_is_content_with_our_handlers() -> None:
    with override_settings(AXES_LOCKOUT_PARAMETERS=AS_THE_HOW_TO_SAYS):
        assert [each.id for each in run_checks(tags=["corbado_auth"])] == [ids.AXES_STOPS_PASSKEYS]
        for ours in (OURS, OUR_CACHE):
            with ours:
                assert run_checks(tags=["corbado_auth"]) == []
