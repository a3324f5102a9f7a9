"""Whatever goes wrong: a sentence for the person, a reason in the log, and nothing lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user, get_user_model
from django.core.cache import cache
from django.test import Client

from corbado_auth.models import ConnectAccount
from corbado_auth.testing import Corbado
from tests.connect.test_tokens import ask
from tests.support.connect_login import ADA, LOGIN, VERIFY, confirm, grow_old, jwt, post

MakeUser = Callable[..., Any]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connect")]

BOB, PASSWORD = "bob@example.com", "an old password"


@dataclass
class Scene:
    """A visitor with a full basket, and two people who have passkeys."""

    corbado: Corbado
    client: Client
    ada: Any
    bob: Any
    settings: Any

    def send(self, whose: Any, **claims: Any) -> Any:
        return self.corbado.post_connect_data(
            self.client, self.corbado.connect_data(whose, **claims)
        )

    def corbado_fails(self, **failure: Any) -> Any:
        data = self.corbado.connect_data(self.ada)
        self.corbado.fail_next(VERIFY, **failure)
        return self.corbado.post_connect_data(self.client, data)

    def sign_in_by_password(self) -> None:
        credentials = {"username": self.ada.get_username(), "password": PASSWORD}
        answer = self.client.post("/corbado/login/", credentials)
        assert answer.status_code == 302
        assert get_user(self.client) == self.ada

    def grow_old(self) -> None:
        grow_old(self.client)


@pytest.fixture
def scene(corbado: Corbado, client: Client, make_user: MakeUser, connect: Any) -> Scene:
    cache.clear()
    ada, bob = (make_user(email, password=PASSWORD) for email in (ADA, BOB))
    for person in (ada, bob):
        ConnectAccount.objects.get_or_link(person)
    session = client.session
    session["basket"] = "full"
    session.save()
    return Scene(corbado, client, ada, bob, connect)


def replayed(scene: Scene) -> Any:
    data = scene.corbado.connect_data(scene.ada)
    assert scene.corbado.post_connect_data(Client(), data).status_code == 200
    ConnectAccount.objects.filter(user=scene.ada).update(sign_in_count=0)
    return scene.corbado.post_connect_data(scene.client, data)


def another_persons_handle(scene: Scene) -> Any:
    scene.sign_in_by_password()
    return confirm(scene.client, scene.corbado.connect_data(scene.bob))


def undocumented_result(scene: Scene) -> Any:
    data = scene.corbado.connect_data(scene.ada)
    scene.corbado._control.turn_connect(verificationResult="partial_success")
    answer = scene.corbado.post_connect_data(scene.client, data)
    scene.corbado._control.turn_connect(verificationResult="")
    return answer


def slow(scene: Scene) -> Any:
    scene.settings.CORBADO_TIMEOUT = 0.2
    answer = scene.corbado_fails(delay=2.0)
    scene.settings.CORBADO_TIMEOUT = 10
    return answer


def user_deleted(scene: Scene) -> Any:
    data = scene.corbado.connect_data(scene.bob)
    scene.bob.delete()
    return scene.corbado.post_connect_data(scene.client, data)


def type_not_on_the_list(scene: Scene) -> Any:
    scene.sign_in_by_password()
    return ask(scene.client, "passkey-login")


def append_in_an_old_session(scene: Scene) -> Any:
    scene.sign_in_by_password()
    scene.grow_old()
    return ask(scene.client, "passkey-append")


CASES: dict[str, tuple[Callable[[Scene], Any], int, str, str]] = {
    "not JSON": (lambda scene: post(scene.client, "{"), 400, "not_json", "not_json"),
    "a form": (
        lambda scene: scene.client.post(LOGIN, {"signedPasskeyData": "x"}),
        415,
        "not_json",
        "not_json",
    ),
    "too large": (
        lambda scene: post(scene.client, {"next": "x" * 17_000}),
        413,
        "too_large",
        "too_large",
    ),
    "no JWT": (
        lambda scene: post(scene.client, {"signedPasskeyData": "no token"}),
        400,
        "malformed",
        "malformed",
    ),
    "another project": (
        lambda scene: scene.send(scene.ada, iss="pro-2"),
        400,
        "other_project",
        "other_project",
    ),
    "expired": (
        lambda scene: scene.send(scene.ada, exp=int(time.time()) - 3600),
        400,
        "expired",
        "expired",
    ),
    "made up": (
        lambda scene: post(
            scene.client,
            {
                "signedPasskeyData": jwt(
                    iss=scene.settings.CORBADO_PROJECT_ID, webauthnId="x", exp=9e9
                )
            },
        ),
        401,
        "not_verified",
        "not_verified",
    ),
    "replayed": (replayed, 401, "not_verified", "invalid_challenge"),
    "another person's handle": (another_persons_handle, 401, "not_verified", "user_mismatch"),
    "unknown handle": (lambda scene: scene.send("0" * 32), 403, "refused", "unknown_handle"),
    "an undocumented result": (undocumented_result, 401, "not_verified", "partial_success"),
    "Corbado is slow": (slow, 503, "unavailable", "Connect: Corbado cannot be reached"),
    "Corbado is down": (
        lambda scene: scene.corbado_fails(status=500),
        503,
        "unavailable",
        "status=500",
    ),
    "Corbado hangs up": (
        lambda scene: scene.corbado_fails(drop=True),
        503,
        "unavailable",
        "closed the connection",
    ),
    "Corbado talks nonsense": (
        lambda scene: scene.corbado_fails(body="garbage"),
        503,
        "unavailable",
        "cannot be read",
    ),
    "our secret is wrong": (
        lambda scene: scene.corbado_fails(status=401),
        500,
        "misconfigured",
        "status=401",
    ),
    "type not on the list": (type_not_on_the_list, 400, "unknown_type", "unknown_type"),
    "append without a recent sign-in": (
        append_in_an_old_session,
        403,
        "sign_in_again",
        "sign_in_again",
    ),
    "a token for a stranger": (
        lambda scene: ask(scene.client),
        401,
        "not_signed_in",
        "not_signed_in",
    ),
    "user deleted here": (user_deleted, 403, "refused", "unknown_handle"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_sentence_a_reason_and_nothing_lost(
    scene: Scene, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    caplog.set_level(logging.INFO, logger="corbado_auth")
    act, status, code, reason = CASES[case]

    answer = act(scene)

    assert answer.status_code == status
    told = answer.json()
    assert told["error"] == code
    assert told["message"].endswith(".")
    assert "no-store" in answer["Cache-Control"]
    records = [record for record in caplog.records if record.name == "corbado_auth"]
    lines = [record.getMessage() for record in records]
    assert any(
        line.startswith("Connect: ") and line.endswith(f" refused ({code})") for line in lines
    )
    assert reason in "\n".join(lines)
    assert not [record for record in records if record.exc_info]
    # Nothing is lost: the basket, and a way in that works at once.
    assert get_user(scene.client).is_anonymous or get_user(scene.client) == scene.ada
    assert not ConnectAccount.objects.exclude(sign_in_count=0).exists()
    assert scene.client.session["basket"] == "full"
    assert scene.send(scene.ada).status_code == 200
    assert scene.client.session["basket"] == "full"
    assert get_user_model().objects.filter(pk=scene.ada.pk).exists()


def test_a_sentence_is_in_the_language_of_the_page(scene: Scene) -> None:
    answer = post(scene.client, "{", headers={"Accept-Language": "de"})
    assert answer.json()["message"] != post(scene.client, "{").json()["message"]
