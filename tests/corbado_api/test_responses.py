"""The parsers of Corbado's answers: whatever comes, it is a value of ours or a ValueError."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from corbado_auth.corbado_api import responses as answers
from corbado_auth.corbado_api.guard import guard
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.exceptions import CorbadoError, CorbadoUnavailable
from corbado_auth.identity import ClientInfo, CorbadoUser
from tests.wire import sample

GOOD = sample("validate_good").answer
CONFIG = sample("project_config_good").answer
FAILURE = sample("validate_token_of_wrong_length").answer

# With lone surrogates, which JSON can carry and neither a database nor a page can.
TEXT = st.text(st.characters(), max_size=80)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=8,
)
NASTY = ["\x00", "\ud800", "\r\nX-Evil: 1", "\x1b[2J", "\u202e", "\u200b", "\x7f", "\t", "\u2028"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List every place in a JSON value, the value itself first."""
    yield path
    pairs = value.items() if isinstance(value, dict) else ()
    for key, inner in [*pairs, *(enumerate(value) if isinstance(value, list) else ())]:
        yield from places(inner, (*path, key))


def planted(value: Any, path: tuple[Any, ...], what: Any) -> Any:
    """Return a copy of a JSON value that has something else in one place."""
    if not path:
        return what
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = what
    return whole


@given(st.sampled_from(list(places(GOOD))), JSON)
def test_anything_in_any_place_is_a_user_or_a_value_error(path: tuple[Any, ...], what: Any) -> None:
    answer = planted(GOOD, path, what)
    if not isinstance(answer, dict):
        return
    try:
        user = answers.read_validated_user(answer)
    except ValueError:
        return
    assert isinstance(user, CorbadoUser)
    assert user.id == GOOD["data"]["userID"]
    assert (user.full_name + user.status).isprintable()
    assert all((email.address + email.status).isprintable() for email in user.emails)


@given(JSON)
def test_any_json_at_all_is_a_failure_that_can_be_logged(answer: Any) -> None:
    failure = answers.read_failure(answer)
    words = [failure.error_type, failure.request_id, *failure.fields]
    assert all(word.isascii() and word.isprintable() for word in words)


@given(st.sampled_from(list(places(FAILURE))), JSON)
def test_anything_in_any_place_of_an_error_can_be_logged(path: tuple[Any, ...], what: Any) -> None:
    failure = answers.read_failure(planted(FAILURE, path, what))
    words = [failure.error_type, failure.request_id, *failure.fields]
    assert all(word.isascii() and word.isprintable() and len(word) <= 40 for word in words)


@given(st.sampled_from(list(places(CONFIG))), JSON)
def test_anything_in_any_place_of_the_config_is_a_value_or_a_value_error(
    path: tuple[Any, ...], what: Any
) -> None:
    answer = planted(CONFIG, path, what)
    if not isinstance(answer, dict):
        return
    try:
        config = answers.read_project_config(answer)
    except ValueError:
        return
    assert (config.redirect_url + config.webhook_url + config.environment).isprintable()


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_user_or_an_error_of_ours(body: bytes) -> None:
    with responses.RequestsMock() as mock:
        mock.post("https://backendapi.corbado.io/v1/authTokens/validate", body=body)
        with pytest.raises(CorbadoUnavailable):
            SignInService().validate_auth_token("t" * 64, ClientInfo("192.0.2.7", "browser"))


@given(
    st.integers(200, 599),
    st.sampled_from(list(places(FAILURE))),
    JSON,
    st.fixed_dictionaries({}, optional={"Retry-After": st.text(st.characters(codec="ascii",
        exclude_categories=["Cc"]), max_size=60), "Date": st.sampled_from(["", "now"])}),
)  # fmt: skip
def test_any_status_with_any_error_is_an_error_of_ours(
    status: int, path: tuple[Any, ...], what: Any, headers: dict[str, str]
) -> None:
    body = json.dumps(planted(FAILURE, path, what))
    with responses.RequestsMock() as mock:
        url = "https://backendapi.corbado.io/v1/authTokens/validate"
        mock.post(url, body=body, status=status, headers=headers)
        guard.reset()  # Else a run of failures would end the asking.
        with pytest.raises(CorbadoError):
            SignInService().validate_auth_token("t" * 64, ClientInfo("192.0.2.7", "browser"))


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_no_unprintable_character_ends_up_in_an_id(nasty: str) -> None:
    bad = f"usr-1{nasty}"
    answer = planted(planted(GOOD, ("data", "userID"), bad), ("data", "user", "ID"), bad)
    with pytest.raises(ValueError, match=r"user\.ID has characters that no ID has"):
        answers.read_validated_user(answer)


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_an_address_with_an_unprintable_character_matches_no_user(nasty: str) -> None:
    path = ("data", "user", "emails", 0, "email")
    user = answers.read_validated_user(planted(GOOD, path, f"ada{nasty}@example.com"))
    assert user.verified_emails == ()
    assert user.emails[0].address == ""


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_a_status_that_merely_looks_confirmed_is_not(nasty: str) -> None:
    path = ("data", "user", "emails", 0, "status")
    user = answers.read_validated_user(planted(GOOD, path, f"active{nasty}"))
    assert user.verified_emails == ()
    assert user.emails[0].status == "unknown"


@pytest.mark.parametrize(
    "status", ["Active", "ACTIVE", " active", "active ", "", None, True, 1, ["active"], {}]
)
def test_only_the_exact_word_active_confirms_an_address(status: Any) -> None:
    path = ("data", "user", "emails", 0, "status")
    assert answers.read_validated_user(planted(GOOD, path, status)).verified_emails == ()


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_a_name_is_shown_without_its_unprintable_characters(nasty: str) -> None:
    path = ("data", "user", "fullName")
    user = answers.read_validated_user(planted(GOOD, path, f"Ada{nasty}Example"))
    assert user.full_name.startswith("Ada")
    assert user.full_name.isprintable()


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@example.com", "ada@", "a da@example.com", f"{'a' * 250}@example.com"],
    ids=["empty", "no-at", "no-local-part", "no-domain", "space", "too-long"],
)
def test_what_cannot_be_an_address_matches_no_user(address: str) -> None:
    path = ("data", "user", "emails", 0, "email")
    assert answers.read_validated_user(planted(GOOD, path, address)).verified_emails == ()


@pytest.mark.parametrize(
    ("path", "what", "problem"),
    [
        pytest.param(("data",), [], "data is not an object", id="data-is-a-list"),
        pytest.param(("data", "user"), None, "data.user is not an object", id="no-user"),
        pytest.param(("data", "user", "ID"), "", "1 to 64", id="empty-id"),
        pytest.param(("data", "user", "ID"), 4711, "1 to 64", id="id-is-a-number"),
        pytest.param(("data", "user", "ID"), "u" * 65, "1 to 64", id="long-id"),
        pytest.param(("data", "user", "ID"), "usr-é", "characters", id="id-not-ascii"),
        pytest.param(("data", "userID"), "usr-2", "differ", id="two-ids"),
        pytest.param(("data", "userID"), None, "differ", id="one-id-missing"),
        pytest.param(("data", "user", "emails"), {}, "not a list", id="emails-an-object"),
        pytest.param(("data", "user", "emails"), ["a@b"], "not an object", id="emails-of-text"),
        pytest.param(("data", "user", "emails", 0, "email"), 7, "not a string", id="email-7"),
    ],
)
def test_what_we_depend_on_is_read_strictly(path: Any, what: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        answers.read_validated_user(planted(GOOD, path, what))


def test_a_user_without_any_emails_key_is_not_a_full_user() -> None:
    answer = copy.deepcopy(GOOD)
    del answer["data"]["user"]["emails"]
    with pytest.raises(ValueError, match="emails is not a list"):
        answers.read_validated_user(answer)


@pytest.mark.parametrize(
    ("error", "taken"),
    [
        pytest.param({"type": "already_exists"}, True, id="its-own-type"),
        pytest.param(
            {"validation": [{"field": "email", "message": "user already exists"}]},
            True,
            id="a-validation-message",
        ),
        pytest.param(
            {"validation": [{"field": "email", "message": "cannot be blank"}]},
            False,
            id="another-message",
        ),
        pytest.param({"validation": [7, None, {"message": 7}]}, False, id="nonsense"),
    ],
)
def test_already_there_is_told_in_two_ways(error: Any, taken: bool) -> None:
    assert answers.read_failure({**FAILURE, "error": error}).is_taken is taken


@pytest.mark.parametrize(
    "path",
    [place for place in places(GOOD["data"]["user"]) if place and place[0] not in {"ID", "emails"}],
    ids=str,
)
@pytest.mark.parametrize("what", [None, 7, [], {}], ids=str)
def test_what_we_do_not_depend_on_breaks_no_sign_in(path: tuple[Any, ...], what: Any) -> None:
    user = answers.read_validated_user(planted(GOOD, ("data", "user", *path), what))
    assert user.verified_emails == ("ada@example.com",)
