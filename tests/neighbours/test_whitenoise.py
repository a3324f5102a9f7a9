"""WhiteNoise: our files have a digest in their names, and the page names them so."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.test import Client

from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _collected() -> None:
    """Collect the files, as a deployment does."""
    call_command("collectstatic", interactive=False, verbosity=0)


def test_every_file_of_the_login_page_is_served_with_a_digest(client: Client) -> None:
    page = client.get("/corbado/login/").content.decode()
    files = re.findall(r'"(/static/corbado_auth/[^"]+)"', page)
    assert files
    for each in files:
        answer = client.get(each)
        assert answer.status_code == 200
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", each)
        assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_a_person_signs_in_and_out(client: Client, corbado: Corbado) -> None:
    person = corbado.add_user("robin@example.com")
    assert corbado.sign_in(client, person, next="/account/").url == "/account/"
    assert client.get("/account/").status_code == 200
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302
