"""Many sign-ins at the same moment, on a database that really runs them side by side.

Someone who sends two requests at once hopes that both pass a check before either has written: two
accounts for one person, one person's user for another (CVE-2025-61783), a session for a user who
is just being deleted. Corbado answers all requests here at the same moment.
"""

from __future__ import annotations

import copy
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import IntegrityError, OperationalError, connections, transaction
from django.test import Client
from pytest_django import Settings

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.failures import GOOD, PATIENT
from tests.support.front_door import come_back, open_login_page
from tests.support.misbehaving_server import MisbehavingServer, Request, Steps, answer
from tests.support.users.factory import create_user

pytestmark = [
    pytest.mark.security,
    pytest.mark.server,
    pytest.mark.django_db(transaction=True),
]

THREADS = 32
ADA = "ada@example.com"


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CORBADO_TIMEOUT = PATIENT
    # All come from one address, and each counts until Corbado has answered.
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 0
    settings.CORBADO_MAX_CONCURRENT_CALLS = 0


@contextmanager
def corbado_answers_all_at_once(settings: Settings, requests: int) -> Iterator[threading.Event]:
    """Wait for this many tokens, then vouch for everyone; a token names its person.

    The event is set in the moment before the answers.
    """
    answering = threading.Event()
    everybody_asked = threading.Barrier(requests, action=answering.set, timeout=60)

    def script(request: Request) -> Steps:
        person = json.loads(request.body)["token"].partition(".")[0]
        everybody_asked.wait()
        return [answer(vouched(person))]

    with MisbehavingServer(script) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        yield answering


def vouched(person: str) -> dict[str, Any]:
    """Return Corbado's answer about a person; everyone has confirmed Ada's address."""
    body = copy.deepcopy(GOOD)
    body["data"]["userID"] = body["data"]["user"]["ID"] = person
    return body


def side_by_side(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each piece of work in a thread of its own; return what they return, or raise."""

    def run(piece: Callable[[], Any]) -> Any:
        try:
            return piece()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def arrival(person: str, number: int) -> Callable[[], tuple[str, int]]:
    """Return the sign-in of a person, in a browser and with a token of its own."""

    def arrive() -> tuple[str, int]:
        client = Client()
        open_login_page(client)
        response = come_back(client, f"{person}.{number}".ljust(64, "."))
        assert response.status_code == 303 or "<h1>" in response.content.decode()
        return person, response.status_code

    return arrive


def signed_in() -> list[str]:
    """List who is signed in, one entry a session."""
    sessions = [row.get_decoded() for row in Session.objects.all()]
    return [session["_auth_user_id"] for session in sessions if "_auth_user_id" in session]


def users() -> list[str]:
    """List the local users."""
    return [str(pk) for pk in get_user_model()._default_manager.values_list("pk", flat=True)]


def test_one_new_person_gets_one_user_however_often_they_arrive(settings: Settings) -> None:
    with corbado_answers_all_at_once(settings, THREADS):
        outcomes = side_by_side([arrival("usr-1", number) for number in range(THREADS)])
    assert Counter(outcomes) == {("usr-1", 303): THREADS}
    account = CorbadoAccount.objects.get()
    assert users() == [str(account.user_id)]
    assert signed_in() == [str(account.user_id)] * THREADS
    assert account.sign_in_count == THREADS


def test_one_token_makes_one_session_however_often_it_arrives(corbado: Corbado) -> None:
    token = corbado.issue_token(corbado.add_user(ADA))

    def arrive() -> int:
        client = Client()
        open_login_page(client)
        return int(come_back(client, token).status_code)

    outcomes = side_by_side([arrive] * THREADS)
    assert Counter(outcomes) == {303: 1, 400: THREADS - 1}
    assert signed_in() == users()


def test_one_existing_user_is_linked_once(settings: Settings) -> None:
    ada = create_user(ADA)
    with corbado_answers_all_at_once(settings, THREADS):
        outcomes = side_by_side([arrival("usr-1", number) for number in range(THREADS)])
    assert Counter(outcomes) == {("usr-1", 303): THREADS}
    assert CorbadoAccount.objects.get().user_id == ada.pk
    assert users() == [str(ada.pk)]


@pytest.mark.parametrize("is_here", [False, True], ids=["a-new-user", "an-existing-user"])
def test_of_two_people_with_one_address_one_gets_in(is_here: bool, settings: Settings) -> None:
    if is_here:
        create_user(ADA)
    people = [f"usr-{1 + number % 2}" for number in range(THREADS)]
    with corbado_answers_all_at_once(settings, THREADS):
        outcomes = side_by_side([arrival(person, n) for n, person in enumerate(people)])
    winner = CorbadoAccount.objects.get().corbado_user_id
    loser = "usr-2" if winner == "usr-1" else "usr-1"
    assert Counter(outcomes) == {(winner, 303): THREADS // 2, (loser, 403): THREADS // 2}
    assert signed_in() == users() * (THREADS // 2)
    assert len(users()) == 1


@pytest.mark.parametrize("is_linked", [False, True], ids=["not-linked-yet", "linked"])
@pytest.mark.parametrize("turn", range(3))
def test_a_user_who_is_deleted_meanwhile_leaves_no_orphan(
    turn: int, is_linked: bool, settings: Settings
) -> None:
    create_user(ADA)
    if is_linked:
        with corbado_answers_all_at_once(settings, 1):
            assert arrival("usr-1", 0)() == ("usr-1", 303)
    arrivals = [arrival("usr-1", number) for number in range(1, THREADS + 1)]
    with (
        corbado_answers_all_at_once(settings, THREADS) as answering,
        an_admin_deletes_everyone(answering),
    ):
        outcomes = side_by_side(arrivals)
    # In, or refused because the account has just gone, or asked to try again.
    assert {status for _person, status in outcomes} <= {303, 403, 503}
    assert [str(pk) for pk in CorbadoAccount.objects.values_list("user", flat=True)] == users()
    assert len(users()) <= 1
    with corbado_answers_all_at_once(settings, 1):
        assert arrival("usr-1", 99)() == ("usr-1", 303)
    assert [str(CorbadoAccount.objects.get().user_id)] == users()


@contextmanager
def an_admin_deletes_everyone(answering: threading.Event) -> Iterator[None]:
    """Delete users as the admin does, over and over, from when Corbado answers to the end."""
    over = threading.Event()

    def delete() -> None:
        answering.wait()
        while not over.is_set():
            # Linked while being deleted, or a deadlock: the admin tries again.
            with suppress(IntegrityError, OperationalError), transaction.atomic():
                for user in get_user_model()._default_manager.all():
                    user.delete()

    with ThreadPoolExecutor() as pool:
        deletions = [pool.submit(side_by_side, [delete]) for _ in range(2)]
        try:
            yield
        finally:
            answering.set()
            over.set()
        for deletion in deletions:
            deletion.result()
