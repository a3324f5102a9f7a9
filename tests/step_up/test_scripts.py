"""A script that needs a recent sign-in is answered with JSON."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.step_up import MATTERS, STEP_UP

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.step_up")]


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


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("header", ["turbo-frame", "x-turbo-request-id"])
def test_turbo_is_led_to_a_page_that_it_loads_as_a_whole(
    old: Client, header: str, method: str
) -> None:
    headers = {header: "x", "sec-fetch-mode": "cors", "referer": "http://testserver/account/?a=1"}
    answer = getattr(old, method)(MATTERS, headers=headers, follow=True)
    assert answer.redirect_chain[-1] == (f"{STEP_UP}?next=%2Faccount%2F%3Fa%3D1", 303)
    assert '<meta name="turbo-visit-control" content="reload">' in answer.content.decode()


def test_turbo_of_a_visitor_is_led_to_the_login_page(client: Client) -> None:
    answer = client.get(MATTERS, headers={"turbo-frame": "x", "sec-fetch-mode": "cors"})
    assert (answer.status_code, answer.url) == (303, "/corbado/login/?next=%2Fmatters%2F")
