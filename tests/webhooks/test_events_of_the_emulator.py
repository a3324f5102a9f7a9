"""The emulator tells a running site what has happened, as Corbado does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.test import Client

from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.events import EVENTS
from tests.support.vouching import signed_in_as
from tests.support.webhook import CREDENTIALS

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"


def test_a_person_who_is_deleted_at_corbado_is_signed_out_here(
    live_server: Any, corbado: Corbado, make_user: Callable[..., Any], client: Client
) -> None:
    cache.clear()
    user, _, password = CREDENTIALS.partition(":")
    endpoint = {
        "url": f"{live_server.url}{EVENTS}",
        "basicAuthUsername": user,
        "basicAuthPassword": password,
        "subscribedEvents": ["user.created", "user.updated", "user.deleted"],
        "customHeaders": {},
    }
    settings = corbado.settings
    credentials = (settings["CORBADO_PROJECT_ID"], settings["CORBADO_API_SECRET"])
    url = f"{corbado.url}/v2/webhookEndpoints"
    assert requests.post(url, json=endpoint, auth=credentials, timeout=10).status_code == 200
    make_user(ADA)
    ada = corbado.add_user(ADA)
    corbado.sign_in(client, ada)
    assert signed_in_as(client) is not None
    CorbadoService().delete_user(ada.id)
    assert corbado._control.events.wait()
    answers = [
        (row.action, row.status, row.answer)
        for row in corbado._control.project.store.deliveries.all()
    ]
    assert answers == [
        ("user.created", 200, '{"ignored": "not_needed"}'),
        ("user.deleted", 200, "{}"),
    ]
    assert signed_in_as(client) is None
    assert not CorbadoAccount.objects.exists()
