"""django-impersonate: staff who act as a customer gain nothing that outlives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from corbado_auth.models import CorbadoAccount
from corbado_auth.session import SIGN_IN
from corbado_auth.testing import Corbado, User
from tests.passkeys.test_passkeys import add_passkey, association_token, passkey_link
from tests.support.acting import try_all_doors
from tests.support.front_door import sign_in
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("impersonate/", include("impersonate.urls"))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

PASSKEYS, ADD = "/corbado/passkeys/", "/corbado/passkeys/add/"
PASSWORD = "an old password"
MakeUser = Callable[..., Any]


@pytest.fixture
def customer(corbado: Corbado) -> User:
    """A customer who has signed in once."""
    person = corbado.add_user("robin@example.com")
    sign_in(Client(), corbado.issue_token(person))
    return person


@pytest.fixture
def support(make_user: MakeUser, client: Client) -> Client:
    """The browser of someone from support, who has just signed in."""
    make_user(
        "sam@example.com", username="sam", password=PASSWORD, is_staff=True, is_superuser=True
    )
    assert client.login(username="sam", password=PASSWORD)
    return client


def acquire(support: Client, customer: User) -> None:
    """Act as the customer."""
    pk = CorbadoAccount.objects.get(corbado_user_id=customer.id).user_id
    assert support.get(f"/impersonate/{pk}/").status_code == 302
    assert support.get("/account/").content.decode().startswith(f"Signed in as {pk}")


def asked_for(corbado: Corbado) -> list[str]:
    """Return the kinds of token that Corbado was asked for."""
    return [each.path for each in corbado.requests if "Tokens" in each.path]


def test_acting_as_a_customer_adds_and_removes_no_passkey(
    corbado: Corbado, support: Client, customer: User
) -> None:
    acquire(support, customer)
    before = asked_for(corbado)
    for page in (support.post(ADD), support.post(f"{PASSKEYS}cre-1/remove/")):
        assert page.status_code == 403
        assert "acting as someone else" in page.content.decode()
    assert asked_for(corbado) == before


def test_staff_who_return_to_themselves_keep_the_time_of_their_sign_in(
    support: Client, customer: User
) -> None:
    before = support.session[SIGN_IN]
    acquire(support, customer)
    support.get("/impersonate/stop/")
    assert support.session[SIGN_IN] == before
    assert support.post(ADD).status_code == 200


def test_staff_who_act_as_a_customer_do_not_sign_in(
    corbado: Corbado, support: Client, customer: User
) -> None:
    acquire(support, customer)
    accounts = CorbadoAccount.objects.count()
    for person in (customer, corbado.add_user("another@example.com")):
        answer = sign_in(support, corbado.issue_token(person))
        assert answer.status_code == 403
        assert "acting as someone else" in answer.content.decode()
    assert CorbadoAccount.objects.count() == accounts


def test_the_customer_signs_in_and_out_as_ever(corbado: Corbado, customer: User) -> None:
    browser = Client()
    assert sign_in(browser, corbado.issue_token(customer)).status_code == 303
    assert browser.post(ADD).status_code == 200
    assert browser.post("/corbado/logout/").status_code == 302
    assert browser.get("/account/").status_code == 302


def test_acting_as_a_customer_changes_nothing_of_theirs_at_any_door(
    corbado: Corbado, support: Client, customer: User
) -> None:
    at_home = Client()
    sign_in(at_home, corbado.issue_token(customer))
    add_passkey(corbado, association_token(at_home.post(ADD)))
    passkey_id = passkey_link(at_home.get(PASSKEYS)).split("/")[3]
    acquire(support, customer)
    assert try_all_doors(support, corbado, passkey_id) == []
