"""Whatever asks Corbado passes the guard: once it is closed, nothing gets through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.template import engines
from django.test import Client, RequestFactory, TestCase
from pytest_django import Settings

from corbado_auth.corbado_api.guard import FAILURES, guard
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado
from tests.corbado_api.test_guard import fail
from tests.support.front_door import TOKEN, come_back

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., Any]
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
LIST = "/corbado/passkeys/"


@pytest.fixture
def member(corbado: Corbado, client: Client) -> Client:
    """Return the browser of someone who has signed in before Corbado failed."""
    corbado.sign_in(client, corbado.add_user("erin@example.com"))
    cache.clear()
    for _time in range(FAILURES):
        fail()
    return client


def page(method: str, path: str, **data: Any) -> Callable[[Client], Any]:
    return lambda client: getattr(client, method)(path, **data)


PAGES: dict[str, Callable[[Client], Any]] = {
    "redirect": lambda _client: come_back(Client(), TOKEN),
    "passkeys": page("get", LIST),
    "add a passkey": page("post", f"{LIST}add/"),
    "remove a passkey": page("get", f"{LIST}cre-1/remove/"),
    "remove it": page("post", f"{LIST}cre-1/remove/"),
}


@pytest.mark.parametrize("visit", PAGES.values(), ids=PAGES)
def test_a_page_is_answered_503_at_once_and_says_when_to_come_back(
    corbado: Corbado, member: Client, visit: Callable[[Client], Any]
) -> None:
    before = len(corbado.requests)
    response = visit(member)
    assert response.status_code == 503
    assert 0 < int(response.headers["Retry-After"]) <= 10
    assert len(corbado.requests) == before


def test_a_sign_in_by_connect_is_answered_503_at_once(
    corbado: Corbado, member: Client, settings: Settings
) -> None:
    settings.CORBADO_CONNECT = True
    user = CorbadoAccount.objects.get().user
    before = len(corbado.requests)
    answer = corbado.sign_in_by_connect(Client(), user)
    assert (answer.status_code, len(corbado.requests)) == (503, before)


def test_a_tag_says_that_the_list_is_not_there(corbado: Corbado, member: Client) -> None:
    request = RequestFactory().get("/")
    request.user = CorbadoAccount.objects.get().user
    before = len(corbado.requests)
    template = engines["django"].from_string("{% load corbado %}{% corbado_passkey_list %}")
    assert "not" in template.render({}, request)
    assert len(corbado.requests) == before


def test_a_deletion_is_kept(corbado: Corbado, member: Client, settings: Settings) -> None:
    settings.AUTHENTICATION_BACKENDS = [
        MODEL_BACKEND,
        "tests.support.backends.ThoroughBackend",
    ]
    user = CorbadoAccount.objects.get().user
    before = len(corbado.requests)
    with TestCase.captureOnCommitCallbacks(execute=True):
        user.delete()
    assert PendingDeletion.objects.filter(failed_at=None).count() == 1
    assert len(corbado.requests) == before


def test_once_corbado_is_back_all_of_it_works(corbado: Corbado, member: Client) -> None:
    guard.reset()
    assert member.get(LIST).status_code == 200
