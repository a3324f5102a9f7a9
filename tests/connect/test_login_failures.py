"""A sign-in by Connect while Corbado or the database fails, and with identifiers of the site."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.db import DatabaseError
from django.test import Client, override_settings
from django.urls import reverse

from corbado_auth.backends import CorbadoBackend
from corbado_auth.identity import CorbadoUser
from corbado_auth.models import ConnectAccount
from corbado_auth.session import is_recent
from corbado_auth.testing import Corbado
from tests.support.connect_login import ADA, LOGIN, VERIFY, account_of, asked, confirm, post

MakeUser = Callable[..., Any]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connect")]


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        ({"status": 500}, 503, "unavailable"),
        ({"status": 429, "retry_after": "7"}, 503, "unavailable"),
        ({"drop": True}, 503, "unavailable"),
        ({"body": "garbage"}, 503, "unavailable"),
        ({"body": "truncated"}, 503, "unavailable"),
        ({"body": "empty"}, 503, "unavailable"),
        ({"status": 401}, 500, "misconfigured"),
    ],
)
def test_corbado_gives_no_good_answer(
    corbado: Corbado,
    client: Client,
    make_user: MakeUser,
    failure: dict[str, Any],
    status: int,
    code: str,
) -> None:
    corbado.fail_next(VERIFY, **failure)
    answer = corbado.sign_in_by_connect(client, make_user(ADA))
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert not get_user(client).is_authenticated
    # It may have been used up by the first question: a second one would say so.
    assert asked(corbado) == [f"POST {VERIFY}"]
    if status == 503:
        assert int(answer["Retry-After"]) in {7, 30}


def test_corbado_is_slow(
    corbado: Corbado, client: Client, make_user: MakeUser, connect: Any
) -> None:
    connect.CORBADO_TIMEOUT = 0.2
    corbado.fail_next(VERIFY, delay=2.0)
    assert corbado.sign_in_by_connect(client, make_user(ADA)).status_code == 503


@pytest.mark.parametrize("result", ["invalid_challenge", "partial_success", "SUCCESS", "success "])
def test_only_the_word_success_lets_in(
    corbado: Corbado, client: Client, make_user: MakeUser, result: str
) -> None:
    corbado._control.turn_connect(verificationResult=result)
    answer = corbado.sign_in_by_connect(client, make_user(ADA))
    assert (answer.status_code, answer.json()["error"]) == (401, "not_verified")
    assert not get_user(client).is_authenticated


def test_failed_attempts_are_limited(
    corbado: Corbado, client: Client, make_user: MakeUser, connect: Any
) -> None:
    connect.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 2
    ada = make_user(ADA)
    spent = corbado.connect_data(ada)
    corbado.post_connect_data(Client(), spent)
    for _time in range(2):
        assert corbado.post_connect_data(client, spent).status_code == 401
    answer = corbado.sign_in_by_connect(client, ada)
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_attempts")
    assert answer["Retry-After"] == "60"
    assert len(corbado.requests) == 3


def test_data_that_corbado_rejects_is_a_failed_attempt_too(
    corbado: Corbado, client: Client, make_user: MakeUser, connect: Any
) -> None:
    connect.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 2
    data = corbado.connect_data(make_user(ADA))
    corbado.fail_next(VERIFY, status=400, times=0)
    answers = [corbado.post_connect_data(client, data) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [500, 500, 429]
    assert asked(corbado) == [f"POST {VERIFY}"] * 2


def test_a_visitor_of_our_page_is_not_refused_for_a_neighbours_failures(
    corbado: Corbado, client: Client, make_user: MakeUser, connect: Any
) -> None:
    connect.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 1
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)
    spent = corbado.connect_data(ada)
    for _time in range(3):
        corbado.post_connect_data(Client(), spent)
    page = client.get("/corbado/login/").content.decode()
    visit = re.search(r'data-visit="([^"]+)"', page)
    assert visit
    body = {"signedPasskeyData": corbado.connect_data(ada)}
    for made_up in ("", "made:up", 7, visit[1][:-1]):
        assert post(client, {**body, "visit": made_up}).status_code == 429
    assert post(client, {**body, "visit": visit[1]}).status_code == 200


def test_good_sign_ins_are_not_limited(corbado: Corbado, make_user: MakeUser, connect: Any) -> None:
    connect.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 1
    ada = make_user(ADA)
    for _time in range(3):
        assert corbado.sign_in_by_connect(Client(), ada).status_code == 200


def test_the_database_goes_away(
    corbado: Corbado, client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise DatabaseError("secret value")

    ada = make_user(ADA)
    data = corbado.connect_data(ada)
    monkeypatch.setattr("corbado_auth.models.ConnectAccount.record_sign_in", fail)
    answer = corbado.post_connect_data(client, data)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert not get_user(client).is_authenticated


# Corbado's user changes ------------------------------------------------------------------------


def test_another_corbado_user_behind_the_handle_is_logged_and_changes_nothing(
    corbado: Corbado, client: Client, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)
    before = account_of(ada).corbado_user_id
    data = corbado.connect_data(ada, sub="usr-4711")
    assert corbado.post_connect_data(client, data).status_code == 200
    assert get_user(client) == ada
    assert account_of(ada).corbado_user_id == "usr-4711"
    assert f"{before} is now usr-4711" in caplog.text


@pytest.mark.parametrize("sub", ["", None, "no ID of Corbado's"])
def test_a_corbado_user_id_stays_known_if_the_next_data_has_none(
    corbado: Corbado,
    client: Client,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
    sub: str | None,
) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)
    before = account_of(ada).corbado_user_id
    data = corbado.connect_data(ada, sub=sub)
    assert corbado.post_connect_data(client, data).status_code == 200
    assert account_of(ada).corbado_user_id == before
    assert f"{before} is now not named" in caplog.text


# Identifiers of the site's own ------------------------------------------------------------------


def identifier_of(user: Any) -> str:
    return f"customer-{user.pk}"


def find(_backend: Any, identifier: str) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.filter(pk=identifier.removeprefix("customer-")).first()


@pytest.fixture
def own_identifiers(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    connect.CORBADO_CONNECT_IDENTIFIER = f"{__name__}.identifier_of"
    monkeypatch.setattr("corbado_auth.backends.CorbadoBackend.find_by_identifier", find)


@pytest.mark.usefixtures("own_identifiers")
def test_identifiers_from_before_are_recognized(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    answer = corbado.post_connect_data(client, corbado.connect_data(identifier_of(ada)))
    assert answer.status_code == 200
    assert get_user(client) == ada
    assert account_of(ada).handle == identifier_of(ada)


@pytest.mark.usefixtures("own_identifiers")
def test_an_identifier_from_before_confirms_its_owner(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    answer = confirm(client, corbado.connect_data(identifier_of(ada)))
    assert answer.status_code == 200
    assert is_recent(answer.wsgi_request, 5)


@pytest.mark.usefixtures("own_identifiers")
def test_an_identifier_that_the_function_does_not_give_is_refused(
    corbado: Corbado,
    client: Client,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ada = make_user(ADA)
    monkeypatch.setattr(
        "corbado_auth.backends.CorbadoBackend.find_by_identifier", lambda *_args: ada
    )
    answer = corbado.post_connect_data(client, corbado.connect_data("customer-somebody"))
    assert answer.json()["error"] == "refused"
    assert "other_handle" in caplog.text
    assert not ConnectAccount.objects.exists()


def test_the_account_of_another_project_does_not_count(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    with override_settings(CORBADO_CONNECT_PROJECT_ID="pro-2"):
        handle = ConnectAccount.objects.get_or_link(ada).handle
    answer = corbado.post_connect_data(client, corbado.connect_data(handle))
    assert answer.json()["error"] == "refused"


class TwoShops(CorbadoBackend):
    """Two shops in one database, told apart by a column; here, the last name."""

    def may_sign_in(self, request: Any, user: Any, corbado_user: CorbadoUser) -> bool:
        return bool(user.last_name == request.get_host())


def test_at_another_shop_a_returning_person_gets_no_session(
    corbado: Corbado, make_user: MakeUser, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.TwoShops"]
    ada = make_user(ADA, last_name="one.example.com")
    one, two = (Client(SERVER_NAME=f"{name}.example.com") for name in ("one", "two"))
    assert corbado.sign_in_by_connect(one, ada).status_code == 200
    assert get_user(one) == ada
    assert corbado.sign_in_by_connect(two, ada).json()["error"] == "refused"
    assert "not_allowed_here" in caplog.text
    assert not get_user(two).is_authenticated
    assert account_of(ada).sign_in_count == 1


@pytest.mark.matrix
def test_every_user_has_a_handle_of_their_own_that_says_nothing(make_user: MakeUser) -> None:
    ada, bob = make_user(ADA), make_user("bob@example.com")
    one = ConnectAccount.objects.get_or_link(ada)
    assert ConnectAccount.objects.get_or_link(ada) == one
    assert one.handle != ConnectAccount.objects.get_or_link(bob).handle
    assert len(one.handle) == 32


def test_the_url_has_its_name() -> None:
    assert reverse("corbado_auth:connect-login") == LOGIN
