"""Magic links in the same tab and in another one, and login tokens (API notes 4.6 d, 7.9)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from corbado_auth.emulator import Emulator
from corbado_auth.emulator.records import EmailLink
from tests.emulator.clients import SITE, Browser, Server, token_of

EMAIL = "ada@example.com"
CONFIRM = "/v1/users/emaillinks/confirm"


@pytest.fixture
def ada(emulator: Emulator) -> Any:
    return emulator.control.add_user(EMAIL, "Ada", confirmed=False)


@pytest.fixture
def mail(ada: Any, browser: Browser, emulator: Emulator) -> EmailLink:
    """Return the mail with a link that was asked for in ``browser``."""
    browser.ask_for_link(EMAIL)
    (link,) = emulator.control.project.store.email_links.all()
    return link


def test_the_link_opens_the_application_at_the_page_that_confirms(mail: EmailLink) -> None:
    parts = urlsplit(mail.link)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{SITE}/corbado/login/"
    assert set(parse_qs(parts.query)) == {"corbadoEmailLinkID", "corbadoToken"}
    assert parts.fragment == "email-link-confirm"


def test_the_link_signs_in_and_proves_the_address(
    mail: EmailLink, ada: Any, browser: Browser, server: Server
) -> None:
    user = server.who_arrives(browser.open_link(mail.link).data["redirectURL"])
    assert user["ID"] == ada.id
    assert (user["status"], user["emails"][0]["status"]) == ("active", "active")


def test_the_waiting_tab_gets_a_token_of_its_own(
    mail: EmailLink, browser: Browser, second_browser: Browser, server: Server
) -> None:
    opened = second_browser.open_link(mail.link).data["redirectURL"]
    waiting = browser.poll(mail.id).data["redirectURL"]
    assert token_of(opened) != token_of(waiting)
    assert server.who_arrives(opened)["ID"] == server.who_arrives(waiting)["ID"]


@pytest.mark.security
def test_the_waiting_tab_learns_nothing_before(mail: EmailLink, browser: Browser) -> None:
    answer = browser.poll(mail.id)
    assert (answer.status, answer.error) == (404, "not_found")
    assert "redirectURL" not in str(answer.body)


@pytest.mark.security
def test_the_waiting_tab_gets_its_answer_once(mail: EmailLink, browser: Browser) -> None:
    browser.open_link(mail.link)
    assert [browser.poll(mail.id).status for _ in range(2)] == [200, 404]


@pytest.mark.security
def test_a_link_works_once(mail: EmailLink, browser: Browser) -> None:
    assert [browser.open_link(mail.link).status for _ in range(2)] == [200, 400]


@pytest.mark.security
def test_a_link_expires(mail: EmailLink, browser: Browser, emulator: Emulator) -> None:
    emulator.control.advance(5 * 60)
    assert browser.open_link(mail.link).status == 400


@pytest.mark.security
def test_a_confirmed_link_does_not_wait_for_ever(
    mail: EmailLink, browser: Browser, emulator: Emulator
) -> None:
    browser.open_link(mail.link)
    emulator.control.advance(5 * 60)
    assert browser.poll(mail.id).status == 404


@pytest.mark.security
def test_a_link_does_not_open_for_who_was_disabled(
    mail: EmailLink, ada: Any, browser: Browser, server: Server
) -> None:
    server.put(f"/v1/users/{ada.id}", {"status": "disabled"})
    assert browser.open_link(mail.link).status == 400


@pytest.mark.security
def test_who_was_disabled_meanwhile_does_not_come_in_by_waiting(
    mail: EmailLink, ada: Any, browser: Browser, server: Server
) -> None:
    browser.open_link(mail.link)
    server.put(f"/v1/users/{ada.id}", {"status": "disabled"})
    assert browser.poll(mail.id).status == 400


@pytest.mark.security
@pytest.mark.parametrize("token", ["x", "A" * 64], ids=["short", "long"])
def test_the_id_alone_confirms_nothing(mail: EmailLink, browser: Browser, token: str) -> None:
    answer = browser.post(CONFIRM, {"emailLinkID": mail.id, "token": token})
    # Another status or type and the component hangs (API notes 4.5).
    assert (answer.status, answer.error) == (400, "not_found")
    assert browser.poll(mail.id).status == 404


def test_a_second_link_does_not_spoil_the_first(
    mail: EmailLink, browser: Browser, emulator: Emulator
) -> None:
    browser.ask_for_link(EMAIL)
    assert browser.open_link(mail.link).status == 200


def test_after_a_link_a_passkey_can_be_added(
    mail: EmailLink, browser: Browser, server: Server, ada: Any
) -> None:
    session = browser.open_link(mail.link).data["sessionToken"]
    challenge = browser.start_append(session).data["challenge"]
    answer = browser.finish("append", browser.authenticator.create(challenge))
    assert server.who_arrives(answer.data["redirectURL"])["ID"] == ada.id
    assert browser.log_in(EMAIL).status == 200


@pytest.mark.security
@pytest.mark.parametrize("bearer", ["", "A" * 64], ids=["none", "unknown"])
def test_adding_a_passkey_needs_the_session(ada: Any, browser: Browser, bearer: str) -> None:
    assert browser.start_append(bearer).status == 401


@pytest.mark.security
def test_the_session_for_adding_a_passkey_expires(
    mail: EmailLink, browser: Browser, emulator: Emulator
) -> None:
    session = browser.open_link(mail.link).data["sessionToken"]
    emulator.control.advance(5 * 60)
    assert browser.start_append(session).status == 401


@pytest.mark.security
def test_logging_out_ends_the_session(mail: EmailLink, browser: Browser) -> None:
    session = browser.open_link(mail.link).data["sessionToken"]
    bearer = {"Authorization": f"Bearer {session}"}
    assert browser.delete("/v1/sessions/logout", headers=bearer).status == 200
    assert browser.start_append(session).status == 401


def test_one_device_gets_one_passkey(mail: EmailLink, browser: Browser) -> None:
    session = browser.open_link(mail.link).data["sessionToken"]
    challenge = browser.start_append(session).data["challenge"]
    browser.finish("append", browser.authenticator.create(challenge))
    assert browser.start_append(session).validation == {"sessionToken": "user already exists"}


def test_a_login_token_signs_in_once(ada: Any, browser: Browser, server: Server) -> None:
    token = _login_token(server)
    answers = [browser.post("/v1/users/logintoken", {"token": token}) for _ in range(2)]
    assert server.who_arrives(answers[0].data["redirectURL"])["ID"] == ada.id
    assert answers[0].data["authMethods"] == ["email"]
    assert (answers[1].status, answers[1].error) == (400, "not_found")


@pytest.mark.security
def test_a_login_token_expires(
    ada: Any, browser: Browser, server: Server, emulator: Emulator
) -> None:
    token = _login_token(server)
    emulator.control.advance(5 * 60)
    assert browser.post("/v1/users/logintoken", {"token": token}).status == 400


def _login_token(server: Server) -> str:
    """Send a link by the backend API, open it at the site, and ask for a login token."""
    body = {"email": EMAIL, "create": False, "redirect": f"{SITE}/mail/"}
    link_id = server.post("/v1/emailLinks", body).data["emailLinkID"]
    token = _token_of_mail(server, link_id)
    body = {"token": token, "createLoginToken": True}
    return str(server.put(f"/v1/emailLinks/{link_id}/validate", body).body["loginToken"])


def _token_of_mail(server: Server, link_id: str) -> str:
    mails = server.http.get(f"{server.url}/_emulator/emails").json()["emails"]
    (link,) = [mail["link"] for mail in mails if mail["ID"] == link_id]
    return parse_qs(urlsplit(link).query)["corbadoToken"][0]
