"""The tokens of Django REST framework itself: one for each user, on all devices."""

from __future__ import annotations

import pytest

from corbado_auth.testing import Corbado
from tests.support.api_client import ApiClient
from tests.support.api_token_cases import ADA, TokenCases

pytestmark = pytest.mark.django_db


class TestAuthToken(TokenCases):
    def test_all_devices_have_the_same_token(self, front_end: ApiClient, corbado: Corbado) -> None:
        ada, phone = corbado.add_user(ADA), ApiClient(corbado, origin="")
        front_end.sign_in(ada)
        phone.sign_in(ada)
        assert phone.token == front_end.token
        phone.post("/sign-out/")
        assert front_end.get("/session/").status_code == 401
