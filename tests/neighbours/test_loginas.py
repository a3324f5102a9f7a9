"""django-loginas: staff who act as a customer gain nothing that outlives it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from tests.sign_in.test_impersonation import ImpersonationCases
from tests.urls import urlpatterns as site

urlpatterns = [*site, path("as/", include("loginas.urls"))]


@pytest.mark.urls(__name__)
class TestLoginAs(ImpersonationCases):
    """The tests for every impersonation app."""

    def acquire(self, support: Client, pk: Any) -> None:
        assert support.post(f"/as/login/user/{pk}/").status_code == 302

    def release(self, support: Client) -> None:
        assert support.post("/as/logout/").status_code == 302

    def test_the_site_may_have_renamed_its_flag(self, support: Client, settings: Any) -> None:
        settings.LOGINAS_FROM_USER_SESSION_FLAG = "behind"
        session = support.session
        session["behind"] = "signed"
        session.save()
        assert support.post("/corbado/passkeys/add/").status_code == 403
