"""django-passkeys: works beside our backend if ours comes first."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client

from corbado_auth.checks import ids
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db


def test_with_ours_first_people_sign_in_and_out(corbado: Corbado, client: Client) -> None:
    response = corbado.sign_in(client, corbado.add_user("erin@example.com"), next="/account/")
    assert (response.status_code, response.url) == (303, "/account/")
    assert client.get("/account/").status_code == 200
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302
    assert not run_checks(tags=["corbado_auth"])


def test_with_ours_last_every_sign_in_fails_and_a_check_says_so(
    corbado: Corbado, client: Client, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = [*reversed(settings.AUTHENTICATION_BACKENDS)]
    with pytest.raises(Exception, match="'passkeys' key in request.POST"):
        corbado.sign_in(client, corbado.add_user("erin@example.com"))
    (message,) = run_checks(tags=["corbado_auth"])
    assert message.id == ids.GREEDY_BACKEND_FIRST
    assert "passkeys.backend.PasskeyModelBackend" in message.msg
