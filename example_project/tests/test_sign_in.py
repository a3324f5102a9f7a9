"""The site's customers sign in through Corbado: nothing but the published fixtures is used."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db


def test_a_customer_finds_her_bookings(corbado: Corbado, client: Client, maya: User) -> None:
    corbado.sign_in(client, corbado.add_user(maya.email), login_url=reverse("login"))
    page = client.get(reverse("my-bookings")).content.decode()
    assert "Nothing booked yet" not in page


def test_an_address_that_was_never_confirmed_opens_nothing(
    corbado: Corbado, client: Client, maya: User
) -> None:
    person = corbado.add_user(maya.email, confirmed=False)
    response = corbado.sign_in(client, person, login_url=reverse("login"))
    assert response.status_code == 403
    assert "You have an account here already" in getattr(response, "content", b"").decode()
    assert "_auth_user_id" not in client.session


def test_somebody_new_lands_where_she_was_going(corbado: Corbado, client: Client) -> None:
    person = corbado.add_user("new@example.org", "Nadia New")
    response = corbado.sign_in(client, person, login_url=reverse("login"), next=reverse("account"))
    assert response.headers["Location"] == reverse("account")
    assert "Nadia" in client.get(reverse("account")).content.decode()


def test_a_link_that_nobody_asked_for_shows_whose_it_is(
    corbado: Corbado, client: Client, maya: User
) -> None:
    token = corbado.issue_token(corbado.add_user(maya.email))
    response = client.get(
        reverse("corbado_auth:redirect"),
        {"corbadoAuthToken": token},
        headers={"Sec-Fetch-Site": "cross-site"},
        follow=True,
    )
    assert maya.email in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_an_old_link_is_explained(corbado: Corbado, client: Client, maya: User) -> None:
    token = corbado.issue_token(corbado.add_user(maya.email))
    corbado.advance(minutes=6)
    client.get(reverse("login"))
    response = client.get(reverse("corbado_auth:redirect"), {"corbadoAuthToken": token})
    assert response.status_code == 400


def test_the_site_says_so_when_corbado_is_down(
    corbado: Corbado, client: Client, maya: User
) -> None:
    corbado.fail_next("/v1/authTokens/validate", status=503)
    response = corbado.sign_in(client, corbado.add_user(maya.email), login_url=reverse("login"))
    assert response.status_code == 503
