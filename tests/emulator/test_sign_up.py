"""Sign-up with a passkey, and by email where there can be none (API notes 4.6 a)."""

from __future__ import annotations

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import Browser, Server

EMAIL = "ada@example.com"
START = "/v1/users/passkey/register/start"


def test_a_new_passkey_signs_its_user_in(browser: Browser, server: Server) -> None:
    user = server.who_arrives(browser.sign_up(EMAIL).data["redirectURL"])
    assert (user["fullName"], user["status"]) == ("Ada", "active")


def test_a_passkey_proves_no_address(browser: Browser, server: Server) -> None:
    user = server.who_arrives(browser.sign_up(EMAIL).data["redirectURL"])
    assert [(row["email"], row["status"]) for row in user["emails"]] == [(EMAIL, "pending")]


def test_an_address_is_taken_whatever_its_case(browser: Browser) -> None:
    browser.sign_up(EMAIL)
    answer = browser.post(START, {"username": EMAIL.upper(), "fullName": "Mallory"})
    assert (answer.status, answer.validation) == (400, {"username": "user already exists"})


def test_who_cancelled_may_begin_again(browser: Browser) -> None:
    browser.post(START, {"username": EMAIL, "fullName": "Ada"})
    assert browser.sign_up(EMAIL).status == 200


def test_who_cancelled_can_be_let_in_by_mail(
    browser: Browser, server: Server, emulator: Emulator
) -> None:
    browser.post(START, {"username": EMAIL, "fullName": "Ada"})
    browser.ask_for_link(EMAIL)
    (mail,) = emulator.control.project.store.email_links.all()
    user = server.who_arrives(browser.open_link(mail.link).data["redirectURL"])
    assert (user["status"], user["emails"][0]["status"]) == ("active", "active")


def test_no_one_can_add_a_passkey_to_an_imported_user(browser: Browser, server: Server) -> None:
    server.post("/v1/users", {"name": EMAIL, "email": EMAIL})
    answer = browser.post(START, {"username": EMAIL, "fullName": "Mallory"})
    assert answer.validation == {"username": "user already exists"}


def test_sign_up_by_email_takes_the_full_name_as_username(
    browser: Browser, server: Server, emulator: Emulator
) -> None:
    browser.post("/v1/users/emaillinks/register/start", {"email": EMAIL, "username": "Ada L."})
    (mail,) = emulator.control.project.store.email_links.all()
    user = server.who_arrives(browser.open_link(mail.link).data["redirectURL"])
    assert (user["name"], user["fullName"]) == (EMAIL, "Ada L.")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"username": "", "fullName": "Ada"}, {"username": "cannot be blank"}),
        ({"username": "ada", "fullName": "Ada"}, {"username": "Invalid email address"}),
        ({"username": EMAIL, "fullName": " "}, {"name": "cannot be blank"}),
        ({"username": 7, "fullName": "Ada"}, {"username": "must be a string"}),
    ],
    ids=["blank", "no-address", "no-name", "number"],
)
def test_a_wrong_field_is_named(browser: Browser, body: object, expected: object) -> None:
    answer = browser.post(START, body)
    assert (answer.status, answer.error, answer.validation) == (400, "validation_error", expected)


def test_no_name_is_asked_where_the_project_wants_none(browser: Browser, server: Server) -> None:
    server.post("/v1/projectConfig", {"userFullNameRequired": False})
    assert browser.sign_up(EMAIL, full_name="").status == 200


def test_sign_up_can_be_switched_off(browser: Browser, server: Server) -> None:
    server.post("/v1/projectConfig", {"allowUserRegistration": False})
    answer = browser.post(START, {"username": EMAIL, "fullName": "Ada"})
    assert answer.validation == {"username": "sign-up is switched off"}


def test_with_double_opt_in_a_passkey_waits_for_the_mail(
    browser: Browser, server: Server, emulator: Emulator
) -> None:
    server.post("/v1/projectConfig", {"doubleOptIn": True})
    assert server.who_arrives(browser.sign_up(EMAIL).data["redirectURL"])["status"] == "pending"
    refused = browser.log_in(EMAIL)
    assert (refused.status, refused.error) == (400, "client_error")
    (mail,) = emulator.control.project.store.email_links.all()
    browser.open_link(mail.link)
    assert browser.log_in(EMAIL).status == 200


def test_conditional_ui_is_told_that_a_passkey_is_unconfirmed(
    browser: Browser, server: Server
) -> None:
    server.post("/v1/projectConfig", {"doubleOptIn": True})
    browser.sign_up(EMAIL)
    answer = browser.finish("login", browser.authenticator.get(browser.start_mediation()))
    assert (answer.data["confirmedCredential"], answer.data["redirectURL"]) == (False, "")
