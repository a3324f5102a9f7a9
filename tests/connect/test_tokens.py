"""A signed-in person gets connect tokens of three types, only for their own handle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from corbado_auth.models import ConnectAccount
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db

TOKENS = "/corbado/connect/tokens/"
ADA = "ada@example.com"
MakeUser = Callable[..., Any]


@pytest.fixture(autouse=True)
def connect(corbado: Corbado, settings: Any) -> Any:
    settings.CORBADO_CONNECT = True
    cache.clear()
    return settings


def signed_in(make_user: MakeUser, email: str = ADA, **fields: Any) -> tuple[Client, Any]:
    """Return a browser that a local user has signed in with a password, just now."""
    user = make_user(email, password="an old password", **fields)
    client = Client()
    assert client.login(username=user.get_username(), password="an old password")
    return client, user


def ask(client: Client, token_type: Any = "passkey-append", **extra: Any) -> Any:
    return client.post(TOKENS, {"type": token_type}, content_type="application/json", **extra)


def issued(corbado: Corbado) -> list[Any]:
    """Return the calls that asked for a token."""
    return [call for call in corbado.requests if call.path == "/v2/connectTokens"]


def make_old(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time go by."""
    monkeypatch.setattr("corbado_auth.connect.tokens.is_recent", lambda *_args: False)


@pytest.mark.matrix
@pytest.mark.parametrize("token_type", ["passkey-append", "passkey-list", "passkey-delete"])
def test_a_signed_in_person_gets_a_token_for_the_own_handle(
    corbado: Corbado, make_user: MakeUser, token_type: str
) -> None:
    client, ada = signed_in(make_user)
    answer = ask(client, token_type)
    assert answer.status_code == 200
    assert set(answer.json()) == {"token"}
    assert answer.json()["token"].startswith("ctk1_")
    call, *comparison = corbado.requests
    # The list is compared with the last one, which takes a look at whose passkeys it shows.
    assert bool(comparison) is (token_type == "passkey-list")
    handle = ConnectAccount.objects.get(user=ada).handle
    shown = {"displayName": ADA} if token_type == "passkey-append" else {}
    assert (call.path, call.body) == (
        "/v2/connectTokens",
        {"type": token_type, "data": {"identifier": handle, **shown}, "maxLifetimeInSeconds": 300},
    )


def test_the_lifetime_is_a_setting(corbado: Corbado, make_user: MakeUser, connect: Any) -> None:
    connect.CORBADO_CONNECT_TOKEN_LIFETIME = 60
    ask(signed_in(make_user)[0])
    assert corbado.requests[0].body["maxLifetimeInSeconds"] == 60


def test_the_handle_stays(corbado: Corbado, make_user: MakeUser) -> None:
    client, _ada = signed_in(make_user)
    ask(client)
    ask(client, "passkey-list")
    one, other = (call.body["data"]["identifier"] for call in issued(corbado))
    assert one == other


def test_a_stranger_gets_nothing(corbado: Corbado, client: Client) -> None:
    answer = ask(client)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")
    assert corbado.requests == []


@pytest.mark.parametrize(
    "token_type", ["passkey-login", "passkey-add", "", None, 7, ["passkey-list"], {"a": 1}]
)
def test_other_types_are_refused(corbado: Corbado, make_user: MakeUser, token_type: Any) -> None:
    """With ``passkey-login`` a person could begin a sign-in as the handle's owner."""
    answer = ask(signed_in(make_user)[0], token_type)
    assert (answer.status_code, answer.json()["error"]) == (400, "unknown_type")
    assert corbado.requests == []


@pytest.mark.parametrize(
    ("token_type", "status"),
    [("passkey-append", 403), ("passkey-delete", 403), ("passkey-list", 200)],
)
def test_an_old_session_may_look_and_not_change(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, token_type: str, status: int
) -> None:
    client, _ada = signed_in(make_user)
    make_old(client, monkeypatch)
    answer = ask(client, token_type)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"] == "sign_in_again"


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}])
def test_staff_gets_none_without_link_staff(
    corbado: Corbado,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, bool],
) -> None:
    client, ada = signed_in(make_user, **fields)
    answer = ask(client)
    assert (answer.status_code, answer.json()["error"]) == (403, "refused")
    assert not ConnectAccount.objects.filter(user=ada).exists()
    monkeypatch.setattr("corbado_auth.backends.CorbadoBackend.link_staff", True)
    assert ask(client).status_code == 200


def test_tokens_are_limited(
    corbado: Corbado, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corbado_auth.connect.tokens.TOKENS_PER_MINUTE", 2)
    client, _ada = signed_in(make_user)
    answers = [ask(client, "passkey-list") for _time in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"] == "too_many_attempts"
    assert len(issued(corbado)) == 2


def test_an_impersonator_gets_none(corbado: Corbado, make_user: MakeUser, connect: Any) -> None:
    """A passkey would outlive the impersonation."""
    client, _ada = signed_in(make_user)
    connect.CORBADO_IS_IMPERSONATING = "builtins.bool"
    answer = ask(client)
    assert (answer.status_code, answer.json()["error"]) == (403, "impersonating")
    assert corbado.requests == []


def test_another_sites_post_is_refused(corbado: Corbado, make_user: MakeUser) -> None:
    client, _ada = signed_in(make_user)
    client.handler.enforce_csrf_checks = True
    answer = ask(client)
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert corbado.requests == []


@pytest.mark.parametrize(
    ("failure", "status"),
    [({"status": 500}, 503), ({"drop": True, "times": 2}, 503), ({"body": "garbage"}, 503),
     ({"status": 403}, 500)],
)  # fmt: skip
def test_corbado_gives_none(
    corbado: Corbado, make_user: MakeUser, failure: dict[str, Any], status: int
) -> None:
    corbado.fail_next("/v2/connectTokens", **failure)
    answer = ask(signed_in(make_user)[0])
    assert answer.status_code == status
    assert answer.json()["message"]


def test_a_token_is_in_no_log_and_no_cache(
    make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = ask(signed_in(make_user)[0])
    assert answer.json()["token"] not in caplog.text
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["nowhere.at.all", "builtins.len", "builtins.id"])
def test_an_identifier_function_that_gives_none_is_named(
    make_user: MakeUser, connect: Any, path: str
) -> None:
    from django.core.exceptions import ImproperlyConfigured

    connect.CORBADO_CONNECT_IDENTIFIER = path
    client, _ada = signed_in(make_user)
    with pytest.raises((ImproperlyConfigured, TypeError)):
        ask(client)


def test_without_the_setting_there_is_nothing(make_user: MakeUser, connect: Any) -> None:
    connect.CORBADO_CONNECT = False
    assert ask(signed_in(make_user)[0]).status_code == 404


def test_a_bearer_key_goes_in_place_of_the_secret(make_user: MakeUser, connect: Any) -> None:
    connect.CORBADO_BACKEND_API_KEY = "corbado-key-emulator"
    connect.CORBADO_CONNECT_API_SECRET = "corbado1_wrong"
    assert ask(signed_in(make_user)[0]).status_code == 200
    connect.CORBADO_BACKEND_API_KEY = ""
    assert ask(signed_in(make_user, "bob@example.com")[0]).status_code == 500


def test_the_url_has_its_name() -> None:
    assert reverse("corbado_auth:connect-tokens") == TOKENS
