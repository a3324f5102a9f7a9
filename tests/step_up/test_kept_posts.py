"""A form that was sent is kept while its sender signs in, and only for its sender."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from corbado_auth.step_up import kept_posts
from corbado_auth.testing import Corbado, User
from tests.support.front_door import age_sign_in, sign_in
from tests.support.step_up import KEPT, MATTERS, STEP_UP, again

SITE = "http://testserver"

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.support.step_up")]


def form_on(page: Any) -> tuple[str, list[tuple[str, str]]]:
    """Return where the form of the page goes, and its fields."""
    html = page.content.decode()
    (action,) = re.findall(r'<form[^>]* action="([^"]*)"', html)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', html)
    pairs = [(unescape(name), unescape(value)) for name, value in fields]
    return unescape(action), [pair for pair in pairs if pair[0] != "csrfmiddlewaretoken"]


def as_data(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for each, value in fields if each == name] for name, _value in fields}


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
    "a password in camel case": {"newPwd": "made up"},
    "a code in camel case": {"otpCode": "123456"},
    "a password in capitals": {"userPIN": "made up"},
    "a security code": {"securityCode": "123"},
    "a German password": {"neues_kennwort": "made up"},
    "a Dutch password": {"wachtwoord": "made up"},
    "a Spanish password": {"contrasena": "made up"},
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


def test_another_user_of_that_browser_does_not_find_it(
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


def test_a_form_of_a_visitor_is_not_kept(client: Client, corbado: Corbado, robin: User) -> None:
    asked = client.post(MATTERS, {"amount": "10"}, headers={"Referer": f"{SITE}/form/"})
    form = quote(f"{SITE}/form/", safe="")
    assert (asked.status_code, asked.url) == (303, f"/corbado/login/?next={form}")
    assert not [name for name in client.cookies if "post" in name]
    assert "sessionid" not in client.cookies
    corbado.sign_in(client, robin)
    assert client.get(KEPT).status_code == 410
