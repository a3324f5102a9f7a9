"""People who are known here get into their account with the password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from pytest_django import Settings

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from corbado_auth.views import CorbadoRedirectView
from tests.support.backends import UnprovenBackend
from tests.support.front_door import come_back, open_login_page
from tests.support.refusals import (
    ADA,
    CONFIRM_EMAIL,
    DJANGOS,
    LINK,
    PASSWORD,
    NoPasswordLinks,
    come,
    form_of,
    give_password,
    say_yes,
)
from tests.support.vouching import signed_in_as
from tests.urls import urlpatterns as site_urlpatterns

MakeUser = Callable[..., Any]

pytestmark = pytest.mark.django_db


# A confirmed address links everyone but staff.
@pytest.mark.parametrize(
    ("fields", "confirmed"),
    [({}, False), ({"is_staff": True}, False), ({"is_staff": True, "is_superuser": True}, True)],
    ids=["customer", "staff", "superuser, confirmed"],
)
def test_the_password_opens_the_account_and_the_passkey_ever_after(
    client: Client, corbado: Corbado, make_user: MakeUser, fields: dict[str, bool], confirmed: bool
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD, **fields)
    person = corbado.add_user(ADA, confirmed=confirmed)
    page = come(client, corbado, person)
    assert "You have an account here already" in page.content.decode()
    answer = give_password(client, page)
    assert (answer.status_code, answer["Location"]) == (303, "/account/")
    assert signed_in_as(client) == str(ada.pk)
    account = CorbadoAccount.objects.get()
    assert (account.user, account.corbado_user_id) == (ada, person.id)
    assert account.email == (ADA if confirmed else "")
    assert account.last_password_at is not None
    assert not account.awaits_proof
    later = Client()
    come(later, corbado, person)
    assert signed_in_as(later) == str(ada.pk)


def test_of_two_users_with_one_address_the_password_says_which(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="one", password="another one")
    two = make_user(ADA.upper(), username="two", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA))
    give_password(client, page, "two")
    assert CorbadoAccount.objects.get().user == two


def test_a_wrong_password_is_told_and_can_be_given_again(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    again = give_password(client, page, password="wrong")
    assert 'role="alert"' in again.content.decode()
    assert not CorbadoAccount.objects.exists()
    assert give_password(client, again).status_code == 303
    assert CorbadoAccount.objects.exists()


def test_the_password_of_another_account_links_nothing(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada", password="not known")
    make_user("mallory@example.com", username="mallory", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    again = give_password(client, page, "mallory")
    assert "a different email address" in again.content.decode()
    assert not CorbadoAccount.objects.exists()
    assert signed_in_as(client) is None


def test_an_unconfirmed_address_needs_proof_on_one_side_at_least(
    client: Client, corbado: Corbado, make_user: MakeUser, use: Any
) -> None:
    """Mallory has registered here with Ada's address, and signs up there with it, too."""
    use(UnprovenBackend)
    make_user(ADA, username="mallory", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert 'type="password"' not in page.content.decode()
    assert give_password(client, page, "mallory").status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_a_confirmed_address_and_a_password_are_proof_enough(
    client: Client, corbado: Corbado, make_user: MakeUser, use: Any
) -> None:
    use(UnprovenBackend)
    ada = make_user(ADA, username="ada", password=PASSWORD, is_staff=True)
    page = come(client, corbado, corbado.add_user(ADA))
    give_password(client, page)
    assert signed_in_as(client) == str(ada.pk)


def test_a_site_may_have_no_links_by_password(
    client: Client, corbado: Corbado, make_user: MakeUser, use: Any
) -> None:
    use(NoPasswordLinks)
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert 'type="password"' not in page.content.decode()
    assert give_password(client, page).status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_a_sign_in_that_nobody_asked_for_gets_no_password(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    """Mallory signs up with Ada's address, and sends Ada a link with the token."""
    make_user(ADA, username="ada", password=PASSWORD)
    mallory = corbado.add_user(ADA, confirmed=False)
    open_login_page(client)
    come_back(client, corbado.issue_token(mallory), sec_fetch_site="cross-site")
    page = say_yes(client)
    assert "You have an account here already" in page.content.decode()
    assert 'type="password"' not in page.content.decode()
    assert give_password(client, page).status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_not_even_where_the_site_asks_for_no_proof(
    client: Client, corbado: Corbado, make_user: MakeUser, settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    make_user(ADA, username="ada", password=PASSWORD)
    mallory = corbado.add_user(ADA, confirmed=False)
    page = come_back(client, corbado.issue_token(mallory), sec_fetch_site="cross-site")
    assert "You have an account here already" in page.content.decode()
    assert 'type="password"' not in page.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"id": "of another page"}},
        {"headers": {"sec-fetch-site": "same-site"}},
        {"headers": {"sec-fetch-site": "cross-site"}},
    ],
    ids=["another page", "a sub-domain", "another site"],
)
def test_only_the_page_itself_sends_the_password(
    client: Client, corbado: Corbado, make_user: MakeUser, change: dict[str, Any]
) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    data = {**form_of(page, username="ada", password=PASSWORD), **change.get("data", {})}
    answer = client.post(LINK, data, headers=change.get("headers", {}))
    assert answer.status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_the_forms_need_their_csrf_token(corbado: Corbado, make_user: MakeUser) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    assert give_password(client, page).status_code == 403
    assert client.post(CONFIRM_EMAIL, form_of(page)).status_code == 403
    token = client.cookies["csrftoken"].value
    data = form_of(page, username="ada", password=PASSWORD, csrfmiddlewaretoken=token)
    assert client.post(LINK, data).status_code == 303


def test_a_sign_in_in_between_ends_it(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    client.force_login(make_user("robin@example.com", username="robin"), DJANGOS)
    assert give_password(client, page).status_code == 400
    assert not CorbadoAccount.objects.exists()


def test_one_who_is_linked_already_is_not_linked_twice(
    client: Client, corbado: Corbado, make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    ada = make_user(ADA, username="ada", password=PASSWORD)
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    CorbadoAccount.objects.link(ada, "usr-1")
    assert give_password(client, page).status_code == 403
    assert "already_linked" in caplog.text
    assert CorbadoAccount.objects.get().corbado_user_id == "usr-1"
    assert signed_in_as(client) is None


def test_the_password_is_asked_with_post_alone(client: Client) -> None:
    assert client.get(LINK).status_code == 405
    assert client.post(LINK, {"id": "x"}).status_code == 400


class AskingForNoProof(CorbadoRedirectView):
    login_intent = "off"


urlpatterns = [path("corbado/redirect/", AskingForNoProof.as_view()), *site_urlpatterns]
