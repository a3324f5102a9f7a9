"""CorbadoService on users, passkeys and association tokens: each wire sample goes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from corbado_auth.corbado_api.service import SignInService
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable, InvalidAuthToken
from corbado_auth.identity import ClientInfo, CorbadoEmail, CorbadoUser, Passkey
from tests.corbado_api.test_service import answer_with
from tests.wire import NAMES, sample

ADDRESS = "ada@example.com"
LINK = "eml-10264112935886989445"
ADA = CorbadoUser(
    "usr-10264112935886989443",
    "Ada Example",
    (CorbadoEmail(ADDRESS, "active"), CorbadoEmail("ada@example.org", "pending")),
)
PASSKEY = Passkey(
    id="cre-10264112935886989444",
    authenticator="Chrome on Mac",
    user_agent="Mozilla/5.0 (X11; Linux x86_64)",
    last_used_device="Mac",
    created=datetime(2024, 5, 1, 8, 15, tzinfo=UTC),
    last_used=datetime(2024, 5, 2, 9, 0, tzinfo=UTC),
    is_synced=True,
)
CLIENT = ClientInfo("192.0.2.7", "Test browser")
service = SignInService()

# Sample -> what is asked, and what comes of it.
ANSWERS: dict[str, tuple[Callable[[], Any], Any]] = {
    "users_create": (
        lambda: service.create_user(
            ADDRESS, full_name="Ada Example", request_id="req-12345678901234567890"
        ),
        ADA.id,
    ),
    "users_create_taken": (lambda: service.create_user(ADDRESS, full_name="Ada Example"), None),
    "users_create_taken_by_validation": (
        lambda: service.create_user(ADDRESS, full_name="Ada Example"),
        None,
    ),
    "users_get": (lambda: service.get_user(ADA.id), ADA),
    "users_list": (lambda: service.list_users(), ([ADA], 1)),
    "users_delete": (lambda: service.delete_user(ADA.id), True),
    "users_delete_unknown": (lambda: service.delete_user(ADA.id), False),
    "association_token_good": (
        lambda: service.create_association_token(ADDRESS, CLIENT),
        "ast1_" + "a1B2c3D4e5" * 3,
    ),
    "email_link_send": (
        lambda: service.send_email_link(
            ADDRESS, "https://shop.example.com/corbado/confirm-email/", lifetime="15m"
        ),
        LINK,
    ),
    "email_link_validate": (
        lambda: service.validate_email_link(LINK, "Zx4tokenOfTheWireSamples"),
        ADA.id,
    ),
    "passkeys_none": (lambda: service.list_passkeys(ADA.id), []),
    "passkeys_delete": (lambda: service.delete_passkey(ADA.id, PASSKEY.id), True),
    "passkeys_delete_unknown": (lambda: service.delete_passkey(ADA.id, PASSKEY.id), False),
}
REFUSALS: dict[str, tuple[Callable[[], Any], str]] = {
    "users_get_unknown": (lambda: service.get_user(ADA.id), "type=not_found"),
    "association_token_refused": (
        lambda: service.create_association_token(ADDRESS, CLIENT),
        "user_disabled",
    ),
}


@pytest.fixture
def corbado() -> Any:
    """Answer what is registered, and fail for any other call."""
    with responses.RequestsMock() as mock:
        yield mock


def test_every_sample_is_fed_to_the_service() -> None:
    others = {
        name for name in NAMES if not name.startswith(("validate_", "project_config_", "connect_"))
    }
    assert others == ANSWERS.keys() | REFUSALS.keys() | {
        "passkeys_list",
        "email_link_validate_used",
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_a_value_of_ours(name: str, corbado: Any) -> None:
    ask, expected = ANSWERS[name]
    answer_with(corbado, sample(name))
    assert ask() == expected


def test_a_link_that_is_used_up_is_the_visitors_affair(corbado: Any) -> None:
    answer_with(corbado, sample("email_link_validate_used"))
    with pytest.raises(InvalidAuthToken):
        service.validate_email_link(LINK, "Zx4tokenOfTheWireSamples")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_why(name: str, corbado: Any) -> None:
    ask, words = REFUSALS[name]
    answer_with(corbado, sample(name))
    with pytest.raises(CorbadoRejected, match=words):
        ask()


def test_passkeys_are_those_of_one_user_and_active(corbado: Any) -> None:
    answer_with(corbado, sample("passkeys_none"))
    answer_with(corbado, sample("passkeys_list"))
    assert service.list_passkeys(ADA.id) == [PASSKEY]
    nobody, ada = (call.request.params["filter[]"] for call in corbado.calls)
    assert (nobody, ada) == ("userID:eq:usr-0", f"userID:eq:{ADA.id}")


def test_no_list_is_better_than_everybodys(corbado: Any) -> None:
    answer_with(corbado, sample("passkeys_list"))
    with pytest.raises(CorbadoUnavailable, match="filter"):
        service.list_passkeys(ADA.id)


@pytest.mark.parametrize(
    ("address", "expected"),
    [(ADDRESS, [ADA]), (ADDRESS.upper(), [ADA]), ("ada@example.net", [])],
    ids=["same", "other case", "another user"],
)
def test_corbado_narrows_down_and_python_compares_again(
    address: str, expected: list[CorbadoUser], corbado: Any
) -> None:
    answer_with(corbado, sample("users_list"))
    assert service.find_users(address) == expected
    assert corbado.calls[0].request.params["filter[]"] == f"name:eq:{address}"
