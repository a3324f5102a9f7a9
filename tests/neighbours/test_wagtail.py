"""Wagtail: editors sign in on our login page, and other people are not sent in circles."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_init
from django.test import Client
from django.urls import include, path
from wagtail.admin import urls as wagtail_urls

from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("cms/", include(wagtail_urls))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


PAGE = "/cms/account/"
RECEIVERS = [*post_init.receivers]


@pytest.fixture(scope="session", autouse=True)
def _set_up(django_db_setup: None) -> None:
    """Forget the receivers of models that were there while the tables were made."""
    post_init.receivers[:] = RECEIVERS
    post_init.sender_receivers_cache.clear()


@pytest.fixture
def editor(corbado: Corbado, settings: Any) -> User:
    """Someone who may do everything, and is linked."""
    user = get_user_model().objects.create_superuser("ed", "ed@example.com")
    person = corbado.add_user("ed@example.com")
    CorbadoAccount.objects.create(
        user=user, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id=person.id
    )
    return person


def test_an_editor_signs_in_on_our_page_and_comes_back(
    corbado: Corbado, client: Client, editor: User
) -> None:
    assert client.get(PAGE).url == f"/corbado/login/?next={PAGE}"
    response = corbado.sign_in(client, editor, next=PAGE)
    assert (response.status_code, response.url) == (303, PAGE)
    assert client.get(PAGE).status_code == 200


def test_an_editor_signs_out(corbado: Corbado, client: Client, editor: User) -> None:
    corbado.sign_in(client, editor, next="/cms/")
    client.post("/cms/logout/")
    assert client.get("/cms/").status_code == 302


def test_a_user_who_is_not_an_editor_gets_a_page_that_says_who_they_are(
    corbado: Corbado, client: Client
) -> None:
    corbado.sign_in(client, corbado.add_user("erin@example.com"))
    page = client.get("/cms/", follow=True)
    assert [url for url, _status in page.redirect_chain] == ["/corbado/login/?next=/cms/"]
    assert "erin@example.com" in page.content.decode()


def test_wagtails_own_form_is_listed_where_passkeys_are_required(
    password_pages: list[str],
) -> None:
    assert password_pages == ["/cms/login/"]
