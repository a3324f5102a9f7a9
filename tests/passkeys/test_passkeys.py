"""A signed-in user sees, adds and removes passkeys, and nobody can touch anyone else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import requests
from django.conf import settings
from django.core.cache.backends.dummy import DummyCache
from django.test import Client, override_settings

from corbado_auth.corbado_api import responses
from corbado_auth.corbado_api.service import FILTER_SEEN, CorbadoService
from corbado_auth.identity import Passkey
from corbado_auth.models import CorbadoAccount
from corbado_auth.session import SIGN_IN
from corbado_auth.testing import Corbado, User
from tests.support.authenticator import Authenticator
from tests.support.front_door import age_sign_in

pytestmark = pytest.mark.django_db

LIST, ADD = "/corbado/passkeys/", "/corbado/passkeys/add/"
ERIN = "erin@example.com"


class AwayCache(DummyCache):
    """A cache whose server is away."""

    def _fail(self, *_args: Any, **_kwargs: Any) -> Any:
        raise ConnectionError("redis at 192.0.2.99 is away")

    get = set = add = incr = decr = delete = get_many = set_many = delete_many = has_key = _fail


def signed_in(
    make_user: Callable[..., Any], email: str = ERIN, **fields: Any
) -> tuple[Client, Any]:
    """Return a browser that a local user has signed in with a password, just now."""
    user = make_user(email, password="an old password", **fields)
    client = Client()
    # force_login() would do without the signal that notes the time.
    assert client.login(username=user.get_username(), password="an old password")
    return client, user


def association_token(page: Any) -> str:
    """Return the token on the page that lets a passkey be added."""
    found = re.search(r'association-token="(ast1_\w{30})"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def add_passkey(corbado: Corbado, token: str) -> None:
    """Do what the component and the device do with an association token."""
    api = f"{corbado.url}/v1/users/passkey"
    headers = {"X-Corbado-ProjectID": settings.CORBADO_PROJECT_ID}
    start = requests.post(
        f"{api}/associate/start", json={"associationToken": token}, headers=headers, timeout=30
    )
    device = Authenticator("http://testserver")
    signed = device.create(start.json()["data"]["challenge"])
    finish = requests.post(
        f"{api}/append/finish", json={"signedChallenge": signed}, headers=headers, timeout=30
    )
    assert finish.status_code == 200, finish.text


def linked(corbado: Corbado, user: Any, email: str = ERIN, *, confirmed: bool = True) -> User:
    """Link a local user to a new Corbado user."""
    person = corbado.add_user(email, confirmed=confirmed)
    CorbadoAccount.objects.create(
        user=user, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id=person.id
    )
    return person


def passkey_link(page: Any) -> str:
    """Return where the first passkey on the page is removed."""
    found = re.search(r'href="(/corbado/passkeys/[^/]+/remove/)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def paths(corbado: Corbado) -> list[str]:
    """Return what Corbado was asked to do, without the questions."""
    return [request.path for request in corbado.requests if request.method != "GET"]


@pytest.mark.parametrize("path", [LIST, "/corbado/passkeys/cre-1/remove/"])
def test_visitors_are_sent_to_sign_in(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    assert client.post(ADD).status_code == 302


def test_an_unlinked_user_has_no_passkeys_and_corbado_is_not_asked(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, _user = signed_in(make_user)
    assert "no passkey yet" in client.get(LIST).content.decode()
    assert corbado.requests == []


def test_a_linked_user_adds_sees_and_removes_a_passkey(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    add_passkey(corbado, association_token(client.post(ADD)))
    remove = passkey_link(client.get(LIST))
    assert "last passkey" in client.get(remove).content.decode()
    assert client.post(remove)["Location"] == LIST
    assert "no passkey yet" in client.get(LIST).content.decode()


def test_another_users_passkey_cannot_be_removed(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    owner, owner_row = signed_in(make_user, username="erin")
    linked(corbado, owner_row)
    add_passkey(corbado, association_token(owner.post(ADD)))
    remove = passkey_link(owner.get(LIST))
    mallory, mallory_row = signed_in(make_user, "mallory@example.com")
    linked(corbado, mallory_row, "mallory@example.com")
    assert mallory.get(remove)["Location"] == LIST
    mallory.post(remove)
    assert passkey_link(owner.get(LIST)) == remove


def test_adding_and_removing_need_a_recent_sign_in(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, _user = signed_in(make_user)
    age_sign_in(client)
    remove = f"{LIST}cre-1/remove/"
    for page in [client.post(ADD), client.get(remove), client.post(remove)]:
        assert page.status_code == 303
        assert page.url == "/corbado/step-up/?next=%2Fcorbado%2Fpasskeys%2F"
    assert corbado.requests == []


def test_a_session_that_never_noted_its_sign_in_is_not_recent(
    corbado: Corbado, client: Client, make_user: Callable[..., Any]
) -> None:
    client.force_login(make_user(ERIN), "tests.support.backends.AnsweredBackend")
    session = client.session
    del session[SIGN_IN]
    session.save()
    assert client.post(ADD).status_code == 303


def test_signing_in_again_as_the_same_person_makes_it_recent(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, user = signed_in(make_user)
    person = linked(corbado, user)
    age_sign_in(client)
    assert client.post(ADD).status_code == 303
    assert corbado.sign_in(client, person, next=LIST)["Location"] == LIST
    assert association_token(client.post(ADD))


def test_an_impersonator_cannot_add_or_remove_a_passkey(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, _user = signed_in(make_user)
    with override_settings(CORBADO_IS_IMPERSONATING="tests.support.front_door.is_support"):
        for page in [client.post(ADD), *(ask(f"{LIST}cre-1/remove/") for ask in ways(client))]:
            assert page.status_code == 403
            assert "acting as someone else" in page.content.decode()
        assert corbado.requests == []
        assert client.get(LIST).status_code == 200


def ways(client: Client) -> tuple[Callable[[str], Any], ...]:
    return client.get, client.post


@pytest.mark.parametrize("path", [ADD, f"{LIST}cre-1/remove/"])
def test_adding_and_removing_need_a_csrf_token(make_user: Callable[..., Any], path: str) -> None:
    client, user = signed_in(make_user)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(path).status_code == 403


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        ({"status": 500}, 503, "not available right now"),
        ({"drop": True, "times": 2}, 503, "not available right now"),
        ({"status": 401}, 500, "not set up correctly"),
    ],
    ids=["500", "gone", "401"],
)
def test_a_failing_corbado_gets_a_page(
    corbado: Corbado,
    make_user: Callable[..., Any],
    failure: dict[str, Any],
    status: int,
    words: str,
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    corbado.fail_next("/v1/webauthn/credential", **failure)
    page = client.get(LIST)
    assert page.status_code == status
    assert words in page.content.decode()


def test_the_list_is_not_shown_when_corbado_ignores_the_filter(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    """The list covers the whole project: without the filter, it would be everyone's passkeys."""
    client, user = signed_in(make_user)
    linked(corbado, user)
    add_passkey(corbado, association_token(client.post(ADD)))
    FILTER_SEEN.clear()  # It was tried when the passkey was added.
    with mock.patch(
        "corbado_auth.corbado_api.service.NOBODY", CorbadoAccount.objects.get().corbado_user_id
    ):
        page = client.get(LIST)
    assert page.status_code == 503
    assert "/remove/" not in page.content.decode()


def calls(corbado: Corbado) -> int:
    return sum(entry.path.startswith("/v1/webauthn/credential") for entry in corbado.requests)


def test_a_page_that_is_reloaded_asks_corbado_once(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    for _ in range(5):
        assert client.get(LIST).status_code == 200
    assert calls(corbado) == 2  # the first of a process looks whether the filter works
    other, other_user = signed_in(make_user, "other@example.com")
    linked(corbado, other_user, "other@example.com")
    assert other.get(LIST).status_code == 200
    assert calls(corbado) == 3


def test_a_list_that_is_about_to_change_is_not_kept(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    client.get(LIST)
    add_passkey(corbado, association_token(client.post(ADD)))
    page = client.get(LIST).content.decode()
    (passkey_id,) = set(re.findall(r"cre-\d+", page))
    client.post(f"{LIST}{passkey_id}/remove/")
    assert "cre-" not in client.get(LIST).content.decode()


def test_one_user_cannot_use_up_the_sites_quota(
    corbado: Corbado, make_user: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    statuses = [client.post(ADD).status_code for _ in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    asked = len(corbado.requests)
    page = client.get(LIST)
    assert page.status_code == 429
    assert int(page["Retry-After"]) == 60
    assert client.post(f"{LIST}cre-1/remove/").status_code == 429
    assert len(corbado.requests) == asked
    assert f"(local user {user.pk})" in caplog.text
    other, other_user = signed_in(make_user, "other@example.com")
    linked(corbado, other_user, "other@example.com")
    assert other.get(LIST).status_code == 200


ODD_IDS = ["a/b", "..", ".", "cre-1/../..", "", "cre-é", "cre-" + "1" * 61]


def test_people_see_add_and_remove_their_passkeys_while_the_cache_is_down(
    corbado: Corbado, make_user: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    away = {"BACKEND": "tests.passkeys.test_passkeys.AwayCache"}
    with override_settings(CACHES={"default": away}):
        add_passkey(corbado, association_token(client.post(ADD)))
        link = passkey_link(client.get(LIST))
        assert client.post(link).status_code == 303
        assert "no passkey yet" in client.get(LIST).content.decode()
    assert "The cache failed" in caplog.text


@pytest.mark.parametrize("passkey_id", ["1", "cre-", "cre-1_2", "usr-1", "cre-" + "1" * 61])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["remove", "rename"])
def test_corbado_is_not_asked_about_an_id_of_another_form(
    corbado: Corbado, make_user: Callable[..., Any], passkey_id: str, method: str, page: str
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    response = getattr(client, method)(f"{LIST}{passkey_id}/{page}/")
    assert (response.status_code, response.url) == (303, LIST)
    assert corbado.requests == []


@pytest.mark.parametrize("passkey_id", ODD_IDS)
def test_a_passkey_whose_id_has_another_form_is_shown_without_a_link(
    corbado: Corbado, make_user: Callable[..., Any], passkey_id: str
) -> None:
    client, user = signed_in(make_user)
    person = linked(corbado, user)
    add_passkey(corbado, association_token(client.post(ADD)))
    real = responses.read_passkeys

    def with_odd_ids(answer: dict[str, Any]) -> list[Passkey]:
        for row in answer["rows"] or []:
            row.update(id=passkey_id, authenticatorName="Odd Key")
        return real(answer)

    with mock.patch.object(responses, "read_passkeys", with_odd_ids):
        page = client.get(LIST)
    assert page.status_code == 200
    assert "Odd Key" in page.content.decode()
    assert "/remove/" not in page.content.decode()
    before = len(corbado.requests)
    assert CorbadoService().delete_passkey(person.id, passkey_id) is False
    assert len(corbado.requests) == before


def test_the_association_token_is_in_no_url_and_no_log(
    corbado: Corbado, make_user: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    client, user = signed_in(make_user)
    linked(corbado, user)
    with caplog.at_level("DEBUG"):
        page = client.post(ADD)
    assert association_token(page) not in caplog.text
    assert "no-store" in page["Cache-Control"]


def test_coming_back_from_the_login_page_leads_to_the_list(
    corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    """A GET gives out no token; a session that ended at the button comes back with one."""
    client, _user = signed_in(make_user)
    assert client.get(ADD)["Location"] == LIST
    assert corbado.requests == []
