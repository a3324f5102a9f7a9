"""The event webhook of API v1: Corbado is asked for the present state, and that is acted on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client, override_settings

from corbado_auth import signals
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.connect_login import asked
from tests.support.events import block, give_passkey, lose_passkey, send
from tests.support.vouching import ours, signed_in_as
from tests.told.test_signals import told

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"
MakeUser = Callable[..., Any]
WHAT_IS_READ = ["user.updated", "user.deleted", "passkey.created", "passkey.deleted"]


@pytest.fixture(autouse=True)
def fresh(caplog: pytest.LogCaptureFixture) -> None:
    """Start with no limit used up, and hear everything."""
    cache.clear()
    caplog.set_level(logging.INFO, "corbado_auth")


@pytest.fixture
def person(corbado: Corbado, make_user: MakeUser, client: Client) -> Any:
    """Return a person at Corbado who is signed in here."""
    make_user(ADA)
    person = corbado.add_user(ADA)
    assert corbado.sign_in(client, person).status_code == 303
    corbado._control.log.clear()
    return person


def test_a_user_who_was_deleted_at_corbado_is_unlinked_and_signed_out(
    client: Client, corbado: Corbado, person: Any, caplog: pytest.LogCaptureFixture
) -> None:
    CorbadoService().delete_user(person.id)
    with told(signals.account_unlinked) as received:
        assert send("user.deleted", person.id).status_code == 200
        # Once more, and late: nobody is left whom it could be about.
        assert send("user.updated", person.id).json() == {"ignored": "unknown_user"}
    assert signed_in_as(client) is None
    assert not CorbadoAccount.objects.exists()
    (arguments,) = received
    assert arguments["account"].corbado_user_id == person.id
    assert arguments["is_user_deleted"] is False
    (record,) = [each for each in ours(caplog) if each.event == "sessions_ended"]
    assert (record.reason, record.corbado_user_id) == ("corbado_user_deleted", person.id)


@pytest.mark.parametrize("event", ["user.updated", "user.deleted"])
def test_a_user_who_was_blocked_is_signed_out_and_stays_linked(
    client: Client, corbado: Corbado, person: Any, event: str
) -> None:
    block(corbado, person.id)
    assert send(event, person.id).status_code == 200
    assert signed_in_as(client) is None
    assert CorbadoAccount.objects.get().corbado_user_id == person.id


@pytest.mark.parametrize("event", WHAT_IS_READ)
def test_an_event_that_is_not_true_changes_nothing(
    client: Client, corbado: Corbado, person: Any, event: str
) -> None:
    """Events are unsigned: someone with our credentials makes one up, or it comes too late."""
    kept = give_passkey(corbado, person.id, 1)
    client.get("/corbado/passkeys/")
    before = CorbadoAccount.objects.values().get()
    with told(signals.passkey_removed) as removed, told(signals.passkey_added) as added:
        assert send(event, person.id, kept).status_code == 200
    assert signed_in_as(client) is not None
    assert CorbadoAccount.objects.values().get() == before
    assert (removed, added) == ([], [])


def test_a_new_address_is_noted(corbado: Corbado, person: Any) -> None:
    CorbadoAccount.objects.update(email="old@example.com")
    assert send("user.updated", person.id).status_code == 200
    assert CorbadoAccount.objects.get().email == ADA


@pytest.mark.parametrize("has_list", [True, False], ids=["list read before", "no list yet"])
def test_a_passkey_that_was_removed_at_corbado_ends_sessions_once(
    client: Client, corbado: Corbado, person: Any, has_list: bool
) -> None:
    lost, _kept = give_passkey(corbado, person.id, 1), give_passkey(corbado, person.id, 2)
    if has_list:
        client.get("/corbado/passkeys/")
    lose_passkey(corbado, lost)
    with told(signals.passkey_removed) as received:
        assert send("passkey.deleted", person.id, lost).status_code == 200
        assert signed_in_as(client) is None
        corbado.sign_in(client, person)
        assert send("passkey.deleted", person.id, lost).status_code == 200
    assert signed_in_as(client) is not None
    assert [each["passkey_id"] for each in received] == [lost]


def test_a_person_who_removes_a_passkey_on_our_page_stays_signed_in(
    client: Client, corbado: Corbado, person: Any
) -> None:
    lost = give_passkey(corbado, person.id, 1)
    client.get("/corbado/passkeys/")
    with told(signals.passkey_removed) as received:
        assert client.post(f"/corbado/passkeys/{lost}/remove/").status_code == 303
        assert send("passkey.deleted", person.id, lost).status_code == 200
        # Corbado's event may also be first.
        second = give_passkey(corbado, person.id, 2)
        send("passkey.created", person.id, second)
        lose_passkey(corbado, second)
        assert send("passkey.deleted", person.id, second).status_code == 200
    assert signed_in_as(client) is not None
    assert [each["passkey_id"] for each in received] == [lost, second]


@pytest.mark.parametrize("has_list", [True, False], ids=["list read before", "no list yet"])
def test_a_passkey_that_was_added_elsewhere_is_told_once(
    client: Client, corbado: Corbado, person: Any, settings: Any, has_list: bool
) -> None:
    settings.CORBADO_EMAIL_NOTICES = True
    if has_list:
        client.get("/corbado/passkeys/")
    new = give_passkey(corbado, person.id, 1)
    with told(signals.passkey_added) as received:
        for _ in range(2):
            assert send("passkey.created", person.id, new).status_code == 200
    assert [each["passkey_id"] for each in received] == [new]
    assert signed_in_as(client) is not None
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([ADA], "New passkey for testserver")


@pytest.mark.parametrize("event", ["user.created", "passkey-login.completed"])
def test_events_that_change_nothing_here_cause_no_call(
    corbado: Corbado, person: Any, event: str
) -> None:
    assert send(event, person.id).json() == {"ignored": "not_needed"}
    assert asked(corbado) == []


@pytest.mark.parametrize("event", WHAT_IS_READ)
def test_an_unknown_user_is_ignored_with_one_line(
    corbado: Corbado, caplog: pytest.LogCaptureFixture, event: str
) -> None:
    answer = send(event, "usr-404")
    assert (answer.status_code, answer.json()) == (200, {"ignored": "unknown_user"})
    (record,) = ours(caplog)
    assert (record.event, record.reason) == ("webhook_ignored", "unknown_user")
    assert record.corbado_user_id == "usr-404"
    assert asked(corbado) == []


def test_a_user_of_another_project_is_ignored_with_one_line(
    client: Client, corbado: Corbado, person: Any, caplog: pytest.LogCaptureFixture
) -> None:
    CorbadoAccount.objects.update(project_id="pro-2")
    caplog.clear()
    assert send("user.deleted", person.id).json() == {"ignored": "other_project"}
    (record,) = ours(caplog)
    assert (record.event, record.reason) == ("webhook_ignored", "other_project")
    assert signed_in_as(client) is not None


@pytest.mark.parametrize("event", ["session.created", "PASSKEY\r\nforged line", "x" * 500])
def test_an_unknown_event_is_ignored_with_one_line(
    corbado: Corbado, person: Any, caplog: pytest.LogCaptureFixture, event: str
) -> None:
    caplog.clear()
    answer = send(event, person.id)
    assert (answer.status_code, answer.json()) == (200, {"ignored": "unknown_event"})
    (record,) = ours(caplog)
    assert (record.event, record.reason) == ("webhook_ignored", "unknown_event")
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 100
    assert asked(corbado) == []


@pytest.mark.parametrize(
    ("failure", "status"),
    [({"status": 500}, 503), ({"drop": True}, 503), ({"status": 401}, 500)],
    ids=["error", "no answer", "rejected"],
)
@pytest.mark.parametrize("event", ["user.deleted", "passkey.deleted"])
def test_corbado_tries_again_where_it_did_not_answer_us(
    client: Client, corbado: Corbado, person: Any, event: str, failure: Any, status: int
) -> None:
    path = "/v1/users/*" if event.startswith("user") else "/v1/webauthn/credential"
    corbado.fail_next(path, times=0, **failure)
    answer = send(event, person.id)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After", "").isdigit() is (status == 503)
    assert signed_in_as(client) is not None


@pytest.mark.usefixtures("same_minute")
def test_events_are_not_an_amplifier(
    corbado: Corbado, person: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Someone with our credentials sends many: few calls of our quota, and nobody else waits."""
    statuses = [send("user.updated", person.id).status_code for _ in range(13)]
    assert statuses == [200] * 10 + [429] * 3
    assert asked(corbado) == [f"GET /v1/users/{person.id}"] * 10
    record = [each for each in ours(caplog) if each.event == "webhook_refused"][-1]
    assert (record.reason, record.corbado_user_id) == ("too_many_events", person.id)


@pytest.mark.usefixtures("same_minute")
def test_all_people_together_have_a_limit_too(
    corbado: Corbado, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corbado_auth.webhooks.events.EventWebhookView.events_per_minute", 2)
    people = []
    for number in range(3):
        people.append(corbado.add_user(f"{number}@example.com"))
        CorbadoAccount.objects.link(make_user(f"{number}@example.com"), people[-1].id)
    answers = [send("user.updated", person.id) for person in people]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "60"


@override_settings(ATOMIC_REQUESTS=True)
def test_one_event_costs_three_calls_at_most(corbado: Corbado, person: Any) -> None:
    give_passkey(corbado, person.id, 1)
    for event in WHAT_IS_READ:
        corbado._control.log.clear()
        send(event, person.id)
        assert 1 <= len(asked(corbado)) <= 3
