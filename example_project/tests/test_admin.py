"""The admin of the example site: staff sign in with a passkey, everyone else is told so."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from corbado_auth.mixins import CorbadoAdminMixin
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db


def test_the_admin_has_both_of_corbados_components(corbado: Corbado, client: Client) -> None:
    assert isinstance(admin.site, CorbadoAdminMixin)
    page = client.get("/admin/login/?next=/admin/").content.decode()
    assert 'data-corbado-connect="login"' in page
    assert "<corbado-auth " in client.get("/admin/login/?older=yes&next=/admin/").content.decode()


def test_a_customer_is_told_that_this_is_not_for_them(client: Client, maya: User) -> None:
    client.force_login(maya, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/admin/", follow=True)
    assert page.status_code == 403
    assert maya.email in page.content.decode()
