"""A magic link that its owner opens for someone else.

The attack: Mallory types Robin's address into the login page. Robin opens the link in the mail,
and that alone signs Mallory's browser in, which was waiting for it (API notes 4.4). Robin's own
browser is asked "Is this you?". The "no" comes too late to keep Mallory out, so it ends what has
begun.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from corbado_auth.models import CorbadoAccount
from corbado_auth.sign_in.confirm import JUST_NOW
from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back, sign_in
from tests.support.vouching import signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"


def say_no(corbado: Corbado, robin: User, *, id: str | None = None, **headers: str) -> Any:
    """Open the link that another browser asked for, and disown it."""
    client = Client()
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    shown = client.get(CONFIRM).context["result"].id
    return client.post(CONFIRM, {"id": id or shown, "decline": "yes"}, headers=headers)


def test_no_ends_what_the_link_has_begun_elsewhere(
    corbado: Corbado, robin: User, caplog: pytest.LogCaptureFixture
) -> None:
    mallory = Client()
    sign_in(mallory, corbado.issue_token(robin))
    assert signed_in_as(mallory)
    answer = say_no(corbado, robin)
    assert answer.status_code == 200
    assert "tell the people who run this site" in answer.content.decode()
    assert signed_in_as(mallory) is None
    assert f"(Corbado user {robin.id})" in caplog.text


@pytest.mark.parametrize(("minutes", "is_in_time"), [(14, True), (16, False)])
def test_no_is_heard_for_fifteen_minutes_and_then_says_that_it_did_nothing(
    corbado: Corbado,
    robin: User,
    minutes: int,
    is_in_time: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """For a "yes", five minutes are enough; a person puzzled by the page needs longer."""
    mallory, client = Client(), Client()
    sign_in(mallory, corbado.issue_token(robin))
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    shown = client.get(CONFIRM).context["result"].id
    CorbadoAccount.objects.update(last_sign_in_at=F("last_sign_in_at") - timedelta(minutes=minutes))
    later = time.time() + 60 * minutes
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    yes = client.post(CONFIRM, {"id": shown})
    no = client.post(CONFIRM, {"id": shown, "decline": "yes"})
    assert (yes.status_code, no.status_code) == (400, 200)
    assert "tell the people who run this site" in no.content.decode()
    assert (signed_in_as(mallory) is None) == is_in_time
    assert ("every session of that person was ended" in caplog.text) == is_in_time
    assert ("no session was ended" in caplog.text) != is_in_time


@pytest.mark.parametrize(
    "answer", [{"id": "of another tab"}, {"sec-fetch-site": "same-site"}], ids=["tab", "sub-domain"]
)
def test_no_to_another_question_ends_nothing(
    corbado: Corbado, robin: User, answer: dict[str, str]
) -> None:
    at_home = Client()
    sign_in(at_home, corbado.issue_token(robin))
    assert say_no(corbado, robin, **answer).status_code == 200
    assert signed_in_as(at_home)


def test_no_leaves_older_sessions_alone(corbado: Corbado, robin: User) -> None:
    """Someone who sends Robin a link cannot end what Robin did in the morning."""
    at_home = Client()
    sign_in(at_home, corbado.issue_token(robin))
    account = CorbadoAccount.objects.get()
    account.last_sign_in_at -= JUST_NOW
    account.save()
    say_no(corbado, robin)
    assert signed_in_as(at_home)


def test_a_no_about_a_person_unknown_here_is_fine(corbado: Corbado, robin: User) -> None:
    assert say_no(corbado, robin).status_code == 200
