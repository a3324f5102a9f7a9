"""django-grappelli: its login page has our component, and staff sign in there.

The tests of the other admin themes inherit these.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.core.checks import run_checks
from django.test import Client

from corbado_auth.mixins import CorbadoAdminMixin
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado, User
from tests.support.users.factory import create_user

LOGIN = "/admin/login/?next=/admin/"
COMPONENT, FIELD = "<corbado-auth ", 'name="password"'
PASSWORD = "correct horse"


@pytest.mark.django_db
class AdminCases:
    """A theme as its settings module has installed it."""

    # A word on its own login page, which Django's has not.
    its_own = ""

    @pytest.fixture
    def boss(self, corbado: Corbado, db: None, settings: Any) -> User:
        """A superuser who is linked, and has a password."""
        user = create_user(
            "boss@example.com", username="boss", password=PASSWORD, is_staff=True, is_superuser=True
        )
        person = corbado.add_user("boss@example.com")
        CorbadoAccount.objects.create(
            user=user, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id=person.id
        )
        return person

    def test_the_site_is_ours(self) -> None:
        assert isinstance(admin.site, CorbadoAdminMixin)
        assert not run_checks(tags=["corbado_auth"])

    def test_its_login_page_has_both_ways(self, corbado: Corbado, client: Client) -> None:
        page = client.get(LOGIN).content.decode()
        assert self.its_own in page
        assert 0 < page.index(COMPONENT) < page.index(FIELD)

    def test_staff_sign_in_and_out(self, corbado: Corbado, client: Client, boss: User) -> None:
        response = corbado.sign_in(client, boss, login_url="/admin/login/", next="/admin/")
        assert (response.status_code, response.url) == (303, "/admin/")
        assert self.its_own in client.get("/admin/").content.decode()
        assert client.get("/admin/corbado_auth/corbadoaccount/").status_code == 200
        client.post("/admin/logout/")
        assert client.get("/admin/").status_code == 302

    def test_before_an_account_is_unlinked_it_says_what_that_means(
        self, corbado: Corbado, client: Client, boss: User
    ) -> None:
        corbado.sign_in(client, boss, login_url="/admin/login/")
        account = CorbadoAccount.objects.get()
        url = f"/admin/corbado_auth/corbadoaccount/{account.pk}/delete/"
        assert "Deleting an account here unlinks it" in client.get(url).content.decode()

    def test_a_password_signs_in_there_as_well(self, client: Client, boss: User) -> None:
        answer = client.post(LOGIN, {"username": "boss", "password": PASSWORD})
        assert (answer.status_code, answer.url) == (302, "/admin/")

    def test_the_form_can_be_taken_off(
        self, corbado: Corbado, client: Client, settings: Any
    ) -> None:
        settings.CORBADO_ADMIN_PASSWORD_FORM = False
        page = client.get(LOGIN).content.decode()
        assert COMPONENT in page
        assert FIELD not in page

    def test_others_are_refused(self, corbado: Corbado, client: Client) -> None:
        corbado.sign_in(client, corbado.add_user("erin@example.com"), login_url="/admin/login/")
        page = client.get("/admin/", follow=True)
        assert page.status_code == 403
        assert "erin@example.com" in page.content.decode()
        assert self.its_own in page.content.decode()
        assert COMPONENT not in page.content.decode()


class TestGrappelli(AdminCases):
    """The tests for every theme."""

    its_own = "grappelli/stylesheets/screen.css"
