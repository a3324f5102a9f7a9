"""django-impersonate: staff who act as a customer gain nothing that outlives it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from corbado_auth.session import SIGN_IN
from corbado_auth.testing import User
from tests.sign_in.test_impersonation import ADD, ImpersonationCases
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("impersonate/", include("impersonate.urls"))]


@pytest.mark.urls(__name__)
class TestImpersonate(ImpersonationCases):
    """The tests for every impersonation app."""

    keeps_the_sign_in_of_staff = True

    def acquire(self, support: Client, pk: Any) -> None:
        assert support.get(f"/impersonate/{pk}/").status_code == 302

    def release(self, support: Client) -> None:
        assert support.get("/impersonate/stop/").status_code == 302

    def test_staff_who_come_back_keep_the_time_of_their_sign_in(
        self, support: Client, customer: User
    ) -> None:
        before = support.session[SIGN_IN]
        self.act(support, customer)
        self.release(support)
        assert support.session[SIGN_IN] == before
        assert support.post(ADD).status_code == 200
