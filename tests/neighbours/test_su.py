"""django-su: acting as a customer leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from tests.sign_in.test_impersonation import ImpersonationCases
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("su/", include("django_su.urls"))]


@pytest.mark.urls(__name__)
class TestSu(ImpersonationCases):
    """The tests for every impersonation app."""

    def acquire(self, support: Client, pk: Any) -> None:
        assert support.post(f"/su/{pk}/").status_code == 302

    def release(self, support: Client) -> None:
        assert support.get("/su/").status_code == 302
