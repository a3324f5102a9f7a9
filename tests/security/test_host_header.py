"""Host header: the attacker sends a request with their own Host, so that our answer names it.

A cache, a mail or a redirect would then lead to the attacker. Nothing that we answer is built from
the Host header: all addresses of ours are paths. An emailed link is, and its token confirms an
address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from corbado_auth.testing import Corbado, User
from tests.support.front_door import TOKEN, come_back, open_login_page
from tests.support.refusals import ADA, CONFIRM_EMAIL, ask_for_link, come, form_of, open_link

pytestmark = [pytest.mark.security, pytest.mark.django_db]

EVIL = "evil.example"
CONFIRM = "/corbado/confirm/"


def naming_the_host(response: Any) -> list[str]:
    """List the places of a response that name the attacker's host."""
    places = {
        **response.headers,
        "cookies": str(response.cookies),
        "page": response.content.decode(),
    }
    return [name for name, text in places.items() if EVIL in text]


def test_a_host_that_is_not_ours_is_refused_before_anything_else(
    client: Client, corbado: Corbado
) -> None:
    assert come_back(client, TOKEN, host=EVIL).status_code == 400
    assert corbado.requests == []


@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
def test_no_answer_of_ours_names_the_host(
    client: Client, corbado: Corbado, robin: User, settings: Any, header: str
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    headers = {header: EVIL}
    answers = [
        client.get("/corbado/login/", headers=headers),
        come_back(client, "short", **{header.replace("-", "_"): EVIL}),
        come_back(client, TOKEN, **{header.replace("-", "_"): EVIL}),
        come_back(client, corbado.issue_token(robin), **{header.replace("-", "_"): EVIL}),
        client.get(CONFIRM, headers=headers),
        client.post(CONFIRM, {"id": client.get(CONFIRM).context["result"].id}, headers=headers),
        client.post("/corbado/logout/", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 400, 303, 200, 303, 302]
    assert [naming_the_host(answer) for answer in answers] == [[]] * len(answers)


def test_a_referer_of_another_host_does_not_count_where_any_host_is_allowed(
    client: Client, corbado: Corbado, robin: User, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    open_login_page(client)
    response = come_back(client, corbado.issue_token(robin), host=EVIL)
    assert response.url == CONFIRM


@pytest.mark.parametrize("allowed", [["*"], ["testserver", ".example"]], ids=str)
def test_no_emailed_link_leads_to_a_host_that_may_be_anyones(
    client: Client,
    corbado: Corbado,
    make_user: Callable[..., Any],
    settings: Any,
    allowed: list[str],
) -> None:
    """Mallory's sub-domain would get the token that confirms Ada's address, for Mallory."""
    settings.ALLOWED_HOSTS = allowed
    make_user(ADA, username="ada")
    page = come(client, corbado, corbado.add_user(ADA, confirmed=False))
    refused = client.post(CONFIRM_EMAIL, form_of(page), headers={"host": EVIL})
    assert (refused.status_code, corbado.outbox) == (403, [])
    assert open_link(client, ask_for_link(client, corbado, page))["Location"] == CONFIRM
