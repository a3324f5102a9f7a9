"""People who are known here get into their account with a link by email."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.refusals import (
    ADA,
    CONFIRM,
    CONFIRM_EMAIL,
    PASSWORD,
    ask_for_link,
    come,
    form_of,
    open_link,
    say_yes,
)
from tests.support.vouching import only_user, signed_in_as

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


def test_a_link_by_email_opens_the_account_and_the_passkey_ever_after(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD)
    person = corbado.add_user(ADA, confirmed=False)
    page = come(client, corbado, person)
    link = ask_for_link(client, corbado, page)
    assert open_link(client, link)["Location"] == CONFIRM
    assert ADA in client.get(CONFIRM).content.decode()
    assert say_yes(client)["Location"] == "/account/"
    assert signed_in_as(client) == str(ada.pk)
    assert CorbadoAccount.objects.get().email == ADA
    later = Client()
    come(later, corbado, person)
    assert signed_in_as(later) == str(ada.pk)


def test_a_new_person_who_confirms_the_address_gets_a_new_account(
    client: Client, corbado: Corbado, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with USERNAME_FIELD = "email": the matrix runs it with such a model, too."""
    monkeypatch.setattr(get_user_model(), "USERNAME_FIELD", get_user_model().EMAIL_FIELD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert "Confirm your email address" in page.content.decode()
    assert not get_user_model()._default_manager.exists()
    open_link(client, ask_for_link(client, corbado, page))
    assert say_yes(client)["Location"] == "/account/"
    assert signed_in_as(client) == str(only_user().pk)
    assert only_user().email == ADA


def test_a_link_counts_only_in_the_browser_that_asked_for_it(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    """Mallory has Ada mailed a link, and Ada opens it."""
    make_user(ADA, username="ada", password=PASSWORD)
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    ada = Client()
    page = open_link(ada, link)
    assert page.status_code == 400
    assert "where you asked for it" in page.content.decode()
    assert not CorbadoAccount.objects.exists()
    mallory = Client()
    assert "You have an account" in come(mallory, corbado, person).content.decode()
    # It is not spent by that.
    assert open_link(client, link)["Location"] == CONFIRM


def test_a_link_for_another_question_does_not_count(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    older = ask_for_link(client, corbado, page)
    newer = ask_for_link(client, corbado, page)
    assert open_link(client, older).status_code == 400
    assert open_link(client, newer)["Location"] == CONFIRM


def test_a_link_is_good_once_and_for_a_quarter_of_an_hour(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    corbado.advance(minutes=16)
    page = open_link(client, link)
    assert page.status_code == 400
    assert "has been used or has expired" in page.content.decode()


def test_a_preview_does_not_use_a_link_up(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    parts = urlsplit(link)
    preview = client.get(f"{parts.path}?{parts.query}", headers={"sec-fetch-dest": "image"})
    assert preview.status_code == 403
    assert open_link(client, link)["Location"] == CONFIRM


def test_no_mailbox_is_filled(client: Client, corbado: Corbado, make_user: MakeUser) -> None:
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    answers = [client.post(CONFIRM_EMAIL, form_of(page)).status_code for _ in range(6)]
    assert 429 in answers
    assert len(corbado.outbox) <= 4


@pytest.mark.parametrize(("status", "answered"), [(503, 503), (401, 500)])
def test_a_failure_of_corbado_is_said(
    client: Client, corbado: Corbado, make_user: MakeUser, status: int, answered: int
) -> None:
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    corbado.fail_next("/v1/emailLinks", status=status)
    assert client.post(CONFIRM_EMAIL, form_of(page)).status_code == answered
    link = ask_for_link(client, corbado, page)
    corbado.fail_next("/v1/emailLinks/*/validate", status=status)
    assert open_link(client, link).status_code == answered


def test_who_gets_no_link_or_no_answer_tries_again_on_the_same_page(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    ada = make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    corbado.fail_next("/v1/emailLinks", status=503)
    assert client.post(CONFIRM_EMAIL, form_of(page)).status_code == 503
    again = client.get(CONFIRM_EMAIL)
    assert f'action="{CONFIRM_EMAIL}"' in again.content.decode()
    link = ask_for_link(client, corbado, again)
    # The link is used up by now.
    corbado.fail_next("/v1/users/*", status=503)
    assert open_link(client, link).status_code == 503
    assert open_link(client, link)["Location"] == CONFIRM
    say_yes(client)
    assert signed_in_as(client) == str(ada.pk)


def test_a_link_that_was_opened_elsewhere_is_no_reload(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    link = ask_for_link(client, corbado, page)
    before = client.cookies.copy()
    corbado.fail_next("/v1/users/*", status=503)
    open_link(client, link)
    client.cookies = before
    assert open_link(client, link).status_code == 400


def test_corbado_has_to_say_itself_that_the_address_is_confirmed(
    client: Client, corbado: Corbado, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    monkeypatch.setattr("corbado_auth.emulator.accounts.confirm_email", lambda *args: None)
    assert open_link(client, link).status_code == 403
    assert not CorbadoAccount.objects.exists()


def test_the_token_of_a_link_is_in_no_log(
    client: Client, corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, confirmed=False)
    link = ask_for_link(client, corbado, come(client, corbado, person))
    page = open_link(Client(), link)
    token = link.split("corbadoToken=")[1].split("#")[0]
    assert token not in caplog.text
    assert token not in page.wsgi_request.get_full_path()


def test_the_page_of_a_link_needs_a_question_first(client: Client) -> None:
    assert client.get(CONFIRM_EMAIL).status_code == 400
    assert client.post(CONFIRM_EMAIL, {"id": "x"}).status_code == 400
