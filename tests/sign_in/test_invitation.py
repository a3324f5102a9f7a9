"""Invitations: staff link their account with an emailed link, once, and nobody else can."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from smtplib import SMTPException
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from corbado_auth.invitations import StaffInvitation
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., Any]
ORIGIN = "http://testserver"


@pytest.fixture
def boss(make_user: MakeUser) -> Any:
    """A superuser who is not linked."""
    return make_user("boss@example.com", username="boss", is_staff=True, is_superuser=True)


def invite(*arguments: str) -> str:
    """Run the command and return what it prints."""
    out = StringIO()
    call_command("corbado_invite_staff", "--yes", "--origin", ORIGIN, *arguments, stdout=out)
    return out.getvalue()


def mailed_path() -> str:
    """Return the path of the link in the newest email."""
    found = re.search(rf"{ORIGIN}(/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def accept(client: Client, path: str) -> Any:
    """Open the link and press the button, as a browser that obeys the page's policy."""
    page = client.get(path)
    secret = re.search(r'name="corbadoInvitation" value="([^"]+)"', page.content.decode())
    assert secret is not None
    is_hidden = page.headers["Referrer-Policy"] == "no-referrer"
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    form = {
        "corbadoInvitation": secret[1],
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
    }
    headers = {"Origin": "null" if is_hidden else ORIGIN}
    return strict.post("/corbado/invitation/", form, headers=headers)


def test_a_link_lets_staff_link_themselves(corbado: Corbado, client: Client, boss: Any) -> None:
    assert invite("--user", "boss") == "Invited boss (boss@example.com).\n"
    (message,) = mail.outbox
    assert message.to == ["boss@example.com"]
    assert message.subject == "Sign in to testserver with a passkey"
    answer = accept(client, mailed_path())
    assert (answer.status_code, answer.url) == (303, "/corbado/login/?next=%2Fadmin%2F")
    person = corbado.add_user("boss@example.com")
    response = corbado.sign_in(client, person, next="/admin/")
    assert (response.status_code, response.url) == (303, "/admin/")
    assert client.get("/admin/").status_code == 200
    account = CorbadoAccount.objects.get(user=boss)
    assert (account.corbado_user_id, account.sign_in_count) == (person.id, 1)


def test_staff_who_are_signed_in_with_a_password_are_linked_too(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    invite("--user", "boss")
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    accept(client, mailed_path())
    person = corbado.add_user("boss@example.com")
    assert corbado.sign_in(client, person, next="/admin/").url == "/corbado/confirm/"
    shown = client.get("/corbado/confirm/").context["result"].id
    assert client.post("/corbado/confirm/", {"id": shown}).url == "/admin/"
    assert CorbadoAccount.objects.get(user=boss).corbado_user_id == person.id


def test_a_link_works_once(corbado: Corbado, client: Client, boss: Any) -> None:
    invite("--user", "boss")
    accept(client, mailed_path())
    corbado.sign_in(client, corbado.add_user("boss@example.com"))
    page = Client().get(mailed_path())
    assert page.status_code == 404
    assert "no longer valid" in page.content.decode()
    assert not StaffInvitation.objects.exists()


def test_opening_the_link_uses_nothing_up(corbado: Corbado, client: Client, boss: Any) -> None:
    invite("--user", "boss")
    scanner = Client()
    assert scanner.get(mailed_path()).status_code == 200
    assert set(scanner.cookies) == {"csrftoken"}
    assert accept(client, mailed_path()).status_code == 303


def test_without_the_link_the_address_opens_nothing(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    invite("--user", "boss")
    client.get(mailed_path())  # Opened, and not accepted.
    response = corbado.sign_in(client, corbado.add_user("boss@example.com"))
    assert response.status_code == 403
    assert not CorbadoAccount.objects.exists()


def test_the_link_opens_nothing_for_another_address(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    invite("--user", "boss")
    accept(client, mailed_path())
    mallory = corbado.add_user("mallory@example.com")
    response = corbado.sign_in(client, mallory)
    assert response.status_code == 403
    assert "for another address" in response.content.decode()
    assert not CorbadoAccount.objects.exists()
    assert StaffInvitation.objects.count() == 1
    # Without the invitation they are who they are.
    assert corbado.sign_in(client, mallory).status_code == 303
    assert not CorbadoAccount.objects.get().user.is_staff


def test_an_address_that_is_not_confirmed_opens_nothing(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    invite("--user", "boss")
    accept(client, mailed_path())
    person = corbado.add_user("boss@example.com", confirmed=False)
    page = corbado.sign_in(client, person)
    assert page.status_code == 403
    assert "/corbado/confirm-email/" in page.content.decode()
    assert not CorbadoAccount.objects.exists()


def test_a_person_who_has_just_signed_up_confirms_the_address_and_is_linked(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    invite("--user", "boss")
    accept(client, mailed_path())
    person = corbado.add_user("boss@example.com", confirmed=False)
    page = corbado.sign_in(client, person, next="/admin/")
    shown = re.search(r'name="id" value="([^"]+)"', page.content.decode())
    assert shown is not None
    client.post("/corbado/confirm-email/", {"id": shown[1]})
    assert client.get(corbado.outbox[-1].link).url == "/corbado/confirm/"
    asked = client.get("/corbado/confirm/").context["result"].id
    assert client.post("/corbado/confirm/", {"id": asked}).url == "/admin/"
    assert CorbadoAccount.objects.get(user=boss).corbado_user_id == person.id


def test_another_browser_has_to_accept_it_itself(
    corbado: Corbado, client: Client, boss: Any
) -> None:
    invite("--user", "boss")
    accept(client, mailed_path())
    person = corbado.add_user("boss@example.com")
    assert corbado.sign_in(Client(), person).status_code == 403


def test_a_link_that_is_too_old_says_so(corbado: Corbado, client: Client, boss: Any) -> None:
    invite("--user", "boss", "--days", "1")
    left = StaffInvitation.objects.get().expires_at - timezone.now()
    assert timedelta(hours=23) < left <= timedelta(days=1)
    accept(client, mailed_path())
    StaffInvitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(mailed_path()).status_code == 404
    assert corbado.sign_in(client, corbado.add_user("boss@example.com")).status_code == 403


def test_a_new_link_replaces_the_older_one(corbado: Corbado, client: Client, boss: Any) -> None:
    invite("--user", "boss")
    first = mailed_path()
    invite("--user", "boss")
    assert client.get(first).status_code == 404
    assert client.get(mailed_path()).status_code == 200
    assert StaffInvitation.objects.count() == 1


def test_the_database_has_no_secret(boss: Any) -> None:
    invite("--user", "boss")
    assert StaffInvitation.objects.get().digest not in mailed_path()


def test_a_user_who_became_inactive_is_refused(corbado: Corbado, client: Client, boss: Any) -> None:
    invite("--user", "boss")
    accept(client, mailed_path())
    boss.is_active = False
    boss.save()
    assert corbado.sign_in(client, corbado.add_user("boss@example.com")).status_code == 403
    assert StaffInvitation.objects.count() == 1


def test_the_page_keeps_the_link_out_of_referers_and_caches(client: Client, boss: Any) -> None:
    invite("--user", "boss")
    page = client.get(mailed_path())
    # Not "no-referrer", with which browsers send the form with ``Origin: null``.
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("secret", ["", "x", "\x00", "\ud800"])
def test_a_made_up_link_is_gone(client: Client, secret: str) -> None:
    query = {"corbadoInvitation": secret.encode("utf-8", "surrogatepass")}
    assert client.get("/corbado/invitation/", query).status_code == 404
    assert client.post("/corbado/invitation/", {"corbadoInvitation": "x"}).status_code == 404


def test_a_form_from_another_site_accepts_nothing(boss: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    invite("--user", "boss")
    answer = strict.post(
        "/corbado/invitation/", {"corbadoInvitation": mailed_path().partition("=")[2]}
    )
    assert answer.status_code == 403
    assert not [name for name in strict.cookies if "invitation" in name]


def test_a_dry_run_says_who_and_does_nothing(boss: Any) -> None:
    assert invite("--user", "boss", "--dry-run") == "Would invite boss (boss@example.com).\n"
    assert not mail.outbox
    assert not StaffInvitation.objects.exists()


def test_all_staff_who_can_be_invited_are(boss: Any, make_user: MakeUser, settings: Any) -> None:
    make_user("ann@example.com", username="ann", is_staff=True)
    make_user("gone@example.com", username="gone", is_staff=True, is_active=False)
    make_user("erin@example.com", username="erin")
    make_user("", username="nameless", is_staff=True)
    linked = make_user("lee@example.com", username="lee", is_staff=True)
    CorbadoAccount.objects.create(
        user=linked, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id="usr-1"
    )
    assert invite("--all", "--yes") == (
        "Invited boss (boss@example.com).\nInvited ann (ann@example.com).\n"
    )
    assert [message.to for message in mail.outbox] == [["boss@example.com"], ["ann@example.com"]]


REFUSED: dict[str, tuple[list[str], str]] = {
    "a language that is none": (
        ["--user", "boss", "--language", "xx"],
        "--language must be one of",
    ),
    "unknown": (["--user", "nobody"], "There is no user whose username is nobody."),
    "no-staff": (["--user", "erin"], "erin is not staff."),
    "inactive": (["--user", "gone"], "gone is inactive"),
    "no-address": (["--user", "nameless"], "nameless has no email address here."),
    "too-long": (["--user", "boss", "--days", "31"], "--days must be 1 to 30."),
    "no-time": (["--user", "boss", "--days", "0"], "--days must be 1 to 30."),
    "path": (["--user", "boss", "--origin", "https://x.example/a"], "--origin must be"),
    "no-scheme": (["--user", "boss", "--origin", "x.example"], "--origin must be"),
    "bracket": (["--user", "boss", "--origin", "http://[x"], "--origin must be"),
    "user": (["--user", "boss", "--origin", "https://x.example@y.example"], "--origin must be"),
    "port": (["--user", "boss", "--origin", "https://x.example:one"], "--origin must be"),
    "query": (["--user", "boss", "--origin", "https://x.example?a=b"], "--origin must be"),
}


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_said_with_exit_code_2(
    boss: Any, make_user: MakeUser, arguments: list[str], sentence: str
) -> None:
    make_user("gone@example.com", username="gone", is_staff=True, is_active=False)
    make_user("erin@example.com", username="erin")
    make_user("", username="nameless", is_staff=True)
    with pytest.raises(CommandError, match=re.escape(sentence)) as error:
        invite(*arguments)
    assert error.value.returncode == 2
    assert not mail.outbox
    assert not StaffInvitation.objects.exists()


def test_who_is_linked_already_needs_no_invitation(boss: Any, settings: Any) -> None:
    CorbadoAccount.objects.create(
        user=boss, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id="usr-1"
    )
    for whom in (["--user", "boss"], ["--all"]):
        with pytest.raises(CommandError, match="linked") as error:
            invite(*whom)
        assert error.value.returncode == 2


def test_connect_alone_needs_none(boss: Any, settings: Any) -> None:
    settings.CORBADO_CONNECT = True
    with pytest.raises(CommandError, match="Not needed with Connect alone") as error:
        invite("--user", "boss")
    assert error.value.returncode == 2


class ProviderError(Exception):
    """An error of a mail provider's library; such texts quote the email."""


@pytest.mark.parametrize("kind", [ConnectionRefusedError, SMTPException, ProviderError])
def test_an_email_that_cannot_be_sent_leaves_no_invitation(
    boss: Any, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def refuse(backend: Any, messages: list[Any]) -> None:
        raise kind(messages[0].body)

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    with pytest.raises(CommandError, match=rf"could not be sent \({kind.__name__}\)") as error:
        invite("--user", "boss")
    assert error.value.returncode == 1
    assert "corbadoInvitation" not in "".join(traceback.format_exception(error.value))
    assert not StaffInvitation.objects.exists()
