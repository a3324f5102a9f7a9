"""A script that wanted a piece of another page never gets a whole login page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

PAGE = "http://testserver/orders/?page=2"
LOGIN = "/corbado/login/"
BACK = f"{LOGIN}?next=%2Forders%2F%3Fpage%3D2"
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def ask(client: Client, url: str = "/account/", **headers: str) -> Any:
    """Ask for a piece of a page that needs a sign-in, and follow the redirect as a script does."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(url, headers={"referer": PAGE, **named}, follow=True)


def test_htmx_is_told_to_go_to_the_login_page(client: Client) -> None:
    answer = ask(client, HX_Request="true", HX_Current_URL=PAGE, sec_fetch_mode="cors", referer="")
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == BACK
    assert "corbado_auth_intent" not in answer.cookies


def test_a_script_is_told_where_to_sign_in(client: Client) -> None:
    answer = ask(client, sec_fetch_mode="cors", sec_fetch_dest="empty")
    assert answer.status_code == 401
    assert answer.json()["error"] == "sign_in_required"
    assert answer.json()["login_url"] == BACK
    assert "no-store" in answer.headers["Cache-Control"]
    assert "HX-Redirect" not in answer.headers


@pytest.mark.parametrize("header", ["Turbo_Frame", "X_Turbo_Request_Id"])
def test_turbo_is_told_to_load_the_login_page_as_a_whole(client: Client, header: str) -> None:
    answer = ask(client, **{header: "orders", "sec_fetch_mode": "cors"})
    assert answer.status_code == 200
    assert answer.redirect_chain[-1] == (BACK, 303)
    assert '<meta name="turbo-visit-control" content="reload">' in answer.content.decode()
    assert "<corbado-auth" not in answer.content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        NAVIGATION,
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "empty"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-dest": "empty"},
    ],
)
def test_a_page_is_a_page(client: Client, headers: dict[str, str]) -> None:
    answer = ask(client, **headers)
    assert answer.status_code == 200
    assert "<corbado-auth" in answer.content.decode()


@pytest.mark.parametrize(
    "page", ["", "https://evil.example/x", f"http://testserver{LOGIN}", "http://["]
)
def test_where_the_page_is_unknown_the_fragment_is_next(client: Client, page: str) -> None:
    answer = ask(client, sec_fetch_mode="cors", referer=page)
    assert answer.json()["login_url"] == f"{LOGIN}?next=%2Faccount%2F"


def test_what_a_magic_link_brought_is_not_repeated(client: Client) -> None:
    url = f"{LOGIN}?corbadoEmailLinkID=eml-1&corbadoToken=secret"
    answer = ask(client, url, sec_fetch_mode="cors", referer="")
    assert answer.json()["login_url"] == LOGIN


def test_a_form_that_is_sent_by_a_script_is_a_sign_in(client: Client, make_user: Any) -> None:
    make_user("erin@example.com", username="erin", password="an old password")
    form = {"username": "erin", "password": "an old password"}
    assert client.post(LOGIN, form, headers={"HX-Request": "true"}).status_code == 302
