"""A site with django-axes: wrong passwords lock out a person, and never Corbado."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client, override_settings

from corbado_auth.checks import ids
from tests.support.webhook_cases import CREDENTIALS, PROJECT_ID, basic

PASSWORD = "an old password"
LOGIN = "/admin/login/"
ERIN, FINN = "erin@example.com", "finn@example.com"
OUT_OF_THE_BOX = ["ip_address"]
AS_THE_HOW_TO_SAYS = [["username", "ip_address"]]
MakeUser = Callable[..., Any]

pytestmark = [pytest.mark.axes, pytest.mark.django_db]


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
