"""Emails tell people what happened to their account, if the site wants that."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.db import OperationalError
from django.test import Client, override_settings

from corbado_auth import signals
from corbado_auth.backends import CorbadoBackend
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from corbado_auth.testing_requests import come_back
from tests.support.events import give_passkey, lose_passkey
from tests.support.vouching import ours, signed_in_as
from tests.told.test_signals import told

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
PASSKEYS = "/corbado/passkeys/"
MakeUser = Callable[..., Any]


class PersonalBackend(CorbadoBackend):
    """A site that knows everyone's language."""

    def language_of(self, user: Any) -> str:
        """German for all."""
        return "de"


def fail_to_send(*_arguments: Any, **_options: Any) -> int:
    """Fail as a mail server does."""
    raise smtplib.SMTPServerDisconnected("secret of the mail server")


@pytest.fixture
def on(settings: Any) -> Any:
    settings.CORBADO_EMAIL_NOTICES = True
    return settings


@pytest.fixture
def person(corbado: Corbado, make_user: MakeUser) -> Any:
    make_user(ADA)
    return corbado.add_user(ADA)


def look(client: Client) -> Any:
    """Open the list of passkeys, past its cache."""
    from django.core.cache import cache

    cache.clear()
    return client.get(PASSKEYS)


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def test_a_new_browser_is_told_once(on: Any, corbado: Corbado, person: Any) -> None:
    client = Client()
    corbado.sign_in(client, person)
    assert subjects() == ["New sign-in to testserver"]
    message = mail.outbox[0]
    assert message.to == [ADA]
    assert "http://testserver/corbado/passkeys/" in message.body
    html = message.alternatives[0][0]
    assert '<html lang="en' in html
    assert 'href="http://testserver/corbado/passkeys/"' in html
    client.post("/corbado/logout/")
    corbado.sign_in(client, person)
    assert len(mail.outbox) == 1
    corbado.sign_in(Client(), person)
    assert len(mail.outbox) == 2


def test_only_the_exact_cookie_name_makes_a_browser_a_known_one(
    on: Any, corbado: Corbado, person: Any
) -> None:
    """Django's parser would strip the space that browsers count as part of the name."""
    client = Client()
    corbado.sign_in(client, person)
    name = "corbado_browsers"
    known = client.cookies.pop(name).value
    page = client.get("/corbado/login/")
    intent = "; ".join(f"{each}={page.cookies[each].value}" for each in page.cookies)
    planted = Client(HTTP_COOKIE=f"{intent}; \x0b{name}={known}")
    request = come_back(page.wsgi_request, corbado.issue_token(person))
    assert planted.get(**request).status_code == 303
    assert subjects() == ["New sign-in to testserver"] * 2
    Client(HTTP_COOKIE=f"{intent}; {name}={known}").get(
        **come_back(page.wsgi_request, corbado.issue_token(person))
    )
    assert len(mail.outbox) == 2


def test_the_cookie_of_one_person_is_none_of_anothers(
    on: Any, corbado: Corbado, person: Any, make_user: MakeUser
) -> None:
    make_user("eve@example.com")
    client = Client()
    corbado.sign_in(client, corbado.add_user("eve@example.com"))
    client.post("/corbado/logout/")
    corbado.sign_in(client, person)
    assert [message.to for message in mail.outbox] == [["eve@example.com"], [ADA]]


def test_a_cookie_that_we_did_not_sign_is_no_known_browser(
    on: Any, corbado: Corbado, person: Any
) -> None:
    client = Client()
    corbado.sign_in(client, person)
    known = client.cookies["corbado_browsers"].value
    other = Client()
    other.cookies["corbado_browsers"] = known[:-1] + ("A" if known[-1] != "A" else "B")
    corbado.sign_in(other, person)
    assert len(mail.outbox) == 2


def test_a_new_user_is_not_told_of_their_first_browser(on: Any, corbado: Corbado) -> None:
    client = Client()
    corbado.sign_in(client, corbado.add_user("new@example.com"))
    assert mail.outbox == []
    assert "corbado_browsers" in client.cookies


@override_settings(CORBADO_CONNECT=True)
def test_connect_tells_too(on: Any, corbado: Corbado, make_user: MakeUser, client: Client) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)  # The first sign-in of someone new.
    corbado.sign_in_by_connect(client, ada)
    assert subjects() == ["New sign-in to testserver"]


def test_while_off_no_email_is_sent_and_no_cookie_is_set(
    corbado: Corbado, person: Any, client: Client
) -> None:
    corbado.sign_in(client, person)
    assert mail.outbox == []
    assert "corbado_browsers" not in client.cookies


@mock.patch("django.core.mail.EmailMultiAlternatives.send", fail_to_send)
def test_a_mail_server_that_fails_breaks_no_sign_in(
    on: Any, corbado: Corbado, person: Any, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert corbado.sign_in(client, person).status_code == 303
    assert client.get("/account/").status_code == 200
    (record,) = [each for each in ours(caplog) if each.event == "notice_failed"]
    assert record.getMessage().endswith("was not sent: SMTPServerDisconnected")
    assert "secret" not in caplog.text
    assert ADA not in caplog.text


def test_passkeys_that_come_and_go_are_told_when_the_list_is_read(
    on: Any, corbado: Corbado, person: Any, client: Client
) -> None:
    corbado.sign_in(client, person)
    mail.outbox.clear()
    give_passkey(corbado, person.id, 1)
    with told(signals.passkey_added) as added, told(signals.passkey_removed) as removed:
        look(client)
        assert (added, removed) == ([], [])  # The first list.
        give_passkey(corbado, person.id, 2)
        lose_passkey(corbado, "cre-1")
        look(client)
        look(client)
    assert [each["passkey_id"] for each in added] == ["cre-2"]
    assert [each["passkey_id"] for each in removed] == ["cre-1"]
    assert added[0]["sender"] is CorbadoAccount
    assert added[0]["account"].user.email == ADA
    assert subjects() == ["New passkey for testserver", "Passkey removed from testserver"]


def test_a_passkey_removed_on_our_page_is_told_once(
    on: Any, corbado: Corbado, person: Any, client: Client
) -> None:
    corbado.sign_in(client, person)
    mail.outbox.clear()
    give_passkey(corbado, person.id, 1)
    look(client)
    with told(signals.passkey_removed) as removed:
        client.post(f"{PASSKEYS}cre-1/remove/")
        client.post(f"{PASSKEYS}cre-1/remove/")
        look(client)
    assert [each["passkey_id"] for each in removed] == ["cre-1"]
    assert subjects() == ["Passkey removed from testserver"]


@override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.PersonalBackend"])
def test_the_site_says_who_reads_which_language(
    on: Any, corbado: Corbado, person: Any, client: Client
) -> None:
    corbado.sign_in(client, person)
    assert '<html lang="de"' in mail.outbox[0].alternatives[0][0]


def test_a_database_that_fails_after_the_sign_in_undoes_nothing(
    on: Any, corbado: Corbado, person: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    failure = OperationalError(f"a value of {ADA}")
    with mock.patch("corbado_auth.notices.CorbadoAccount._default_manager.using") as using:
        using.side_effect = failure
        assert corbado.sign_in(client, person).status_code == 303
    assert signed_in_as(client) is not None
    assert (mail.outbox, "corbado_browsers" in client.cookies) == ([], False)
    (record,) = [each for each in ours(caplog) if each.levelno == logging.ERROR]
    assert (record.event, record.reason) == ("notice_failed", "new_browser")
    assert ADA not in caplog.text
    # The browser is still new at the next sign-in.
    client.post("/corbado/logout/")
    corbado.sign_in(client, person)
    assert subjects() == ["New sign-in to testserver"]
