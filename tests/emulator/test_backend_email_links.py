"""Email links that a site's server sends (API notes 1.9)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator.clients import Server

GOOD = {"email": "ada@example.com", "create": True, "redirect": "https://shop.example.com/in?a=1"}


def _send(server: Server, **changes: Any) -> str:
    return str(server.post("/v1/emailLinks", {**GOOD, **changes}).data["emailLinkID"])


def _token(emulator: Emulator) -> str:
    (mail,) = emulator.control.project.store.email_links.all()
    return parse_qs(urlsplit(mail.link).query)["corbadoToken"][0]


def test_a_link_leads_to_the_redirect_and_keeps_its_query(
    server: Server, emulator: Emulator
) -> None:
    _send(server)
    (mail,) = emulator.control.project.store.email_links.all()
    assert mail.link.startswith("https://shop.example.com/in?a=1&corbadoEmailLinkID=eml-")


def test_a_link_is_active_until_it_is_validated(server: Server, emulator: Emulator) -> None:
    link_id = _send(server, userFullName="Ada", additionalPayload='{"a": 1}')
    path = f"/v1/emailLinks/{link_id}"
    assert server.get(path).data["emailLink"]["status"] == "active"
    validated = server.put(f"{path}/validate", {"token": _token(emulator)}).body
    assert (validated["userFullName"], validated["userEmail"]) == ("Ada", GOOD["email"])
    assert (validated["additionalPayload"], "loginToken" in validated) == ('{"a": 1}', False)
    assert server.get(path).data["emailLink"]["status"] == "confirmed"


def test_a_link_lives_as_long_as_asked(server: Server, emulator: Emulator) -> None:
    link_id = _send(server, tokenLifetime="1h")
    emulator.control.advance(59 * 60)
    token = {"token": _token(emulator)}
    assert server.put(f"/v1/emailLinks/{link_id}/validate", token).status == 200


def test_a_deleted_link_is_gone(server: Server, emulator: Emulator) -> None:
    link_id, token = _send(server), {"token": _token(emulator)}
    assert server.delete(f"/v1/emailLinks/{link_id}").status == 200
    assert server.get(f"/v1/emailLinks/{link_id}").status == 404
    assert server.put(f"/v1/emailLinks/{link_id}/validate", token).status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"redirect": ""}, "redirect"),
        ({"redirect": "javascript:alert(1)"}, "redirect"),
        ({"create": "yes"}, "create"),
        ({"tokenLifetime": "soon"}, "tokenLifetime"),
        ({"purpose": "spam"}, "purpose"),
    ],
)
def test_a_wrong_field_is_named(server: Server, changes: Any, field: str) -> None:
    answer = server.post("/v1/emailLinks", {**GOOD, **changes})
    assert (answer.status, list(answer.validation)) == (400, [field])


def test_a_link_makes_no_user_unless_told(server: Server) -> None:
    assert server.post("/v1/emailLinks", {**GOOD, "create": False}).status == 404


def test_a_wrong_token_validates_nothing(server: Server, emulator: Emulator) -> None:
    link_id = _send(server)
    answer = server.put(f"/v1/emailLinks/{link_id}/validate", {"token": "A" * 64})
    assert (answer.status, list(answer.validation)) == (400, ["token"])
