"""django-hijack: staff who act as a customer gain nothing that outlives it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from corbado_auth.testing import User
from tests.sign_in.test_impersonation import ADD, ImpersonationCases
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("hijack/", include("hijack.urls"))]


@pytest.mark.urls(__name__)
class TestHijack(ImpersonationCases):
    """The tests for every impersonation app."""

    def acquire(self, support: Client, pk: Any) -> None:
        assert support.post("/hijack/acquire/", {"user_pk": pk}).status_code == 302

    def release(self, support: Client) -> None:
        assert support.post("/hijack/release/").status_code == 302

    def test_coming_back_is_no_sign_in_either(self, support: Client, customer: User) -> None:
        assert support.post(ADD).status_code == 200
        self.act(support, customer)
        self.release(support)
        assert support.post(ADD).url.startswith("/corbado/step-up/")
