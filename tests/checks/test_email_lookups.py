"""The check whether local users can be found by their addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.exceptions import FieldError
from django.test import override_settings

from corbado_auth.checks import ids
from tests.checks.test_checks import GOOD, AnsweredBackend, NotByEmail, backends, found


class OwnMatching(AnsweredBackend):
    """A site that recognises people in its own way."""

    def match_user(self, corbado_user: Any) -> Any:
        return None


class AnsweredNotByEmail(NotByEmail):
    local_emails_are_verified = True


@pytest.mark.parametrize(
    ("backend", "found_ids"),
    [
        (AnsweredBackend, [ids.EMAIL_FIELD_MISSING]),
        (OwnMatching, []),
        (AnsweredNotByEmail, []),
    ],
)
def test_a_user_model_whose_address_has_another_name_is_noticed(
    monkeypatch: pytest.MonkeyPatch, backend: type, found_ids: list[str]
) -> None:
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field")
    assert found(**backends(f"{__name__}.{backend.__name__}")) == found_ids


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("backend", "found_ids"),
    [
        (AnsweredBackend, [ids.EMAIL_LOOKUP_BLIND]),
        (OwnMatching, []),
        (AnsweredNotByEmail, []),
    ],
)
def test_a_lookup_that_finds_no_user_is_noticed(
    make_user: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    backend: type,
    found_ids: list[str],
) -> None:
    make_user("ada@example.com")
    monkeypatch.setattr("corbado_auth.local_users.PLAIN_FIELDS", set())
    with override_settings(**backends(f"{__name__}.{backend.__name__}")):
        assert [each.id for each in run_checks(tags=["database"], databases=["default"])] == []
        monkeypatch.setattr(
            "corbado_auth.local_users.candidates", mock.Mock(side_effect=FieldError)
        )
        said = [each.id for each in run_checks(tags=["database"], databases=["default"])]
    assert said == found_ids


class NoNewUsers(AnsweredBackend):
    create_unknown_user = False


@pytest.mark.parametrize(
    ("backend", "names_users_by", "found_ids"),
    [
        (AnsweredBackend, "username", []),
        (AnsweredBackend, "email", [ids.ADDRESS_IS_USER_NAME]),
        (NoNewUsers, "email", []),
    ],
)
def test_where_the_address_is_the_user_name_double_opt_in_is_mentioned(
    monkeypatch: pytest.MonkeyPatch, backend: type, names_users_by: str, found_ids: list[str]
) -> None:
    monkeypatch.setattr(get_user_model(), "USERNAME_FIELD", names_users_by)
    with override_settings(**{**GOOD, **backends(f"{__name__}.{backend.__name__}")}):
        said = run_checks(tags=["corbado_auth"], include_deployment_checks=True)
        assert [each.id for each in said] == found_ids
        assert run_checks(tags=["corbado_auth"]) == []
        with override_settings(CORBADO_CONNECT=True):
            later = run_checks(tags=["corbado_auth"], include_deployment_checks=True)
    assert ids.ADDRESS_IS_USER_NAME not in {each.id for each in later}
