"""The action webhook puts questions about passwords to the site's own backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_login_failed
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from tests.support.backends import DJANGOS, OURS
from tests.support.password_backends import (
    ByAddress,
    ByEmail,
    Directory,
    Guard,
    HandsOn,
    Link,
    SingleSignOn,
    TakesAnything,
)
from tests.webhooks.test_webhooks import ADDRESS, PASSWORD, ask

MakeUser = Callable[..., Any]
LOGIN = "/corbado/login/"

pytestmark = pytest.mark.django_db


class NobodyHasOne(CorbadoBackend):
    def has_password(self, user: AbstractBaseUser) -> bool:
        return False


@pytest.mark.parametrize("backend", [ByAddress, ByEmail, TakesAnything, HandsOn])
def test_the_webhook_asks_a_backend_the_way_it_takes_a_name(
    make_user: MakeUser, use_password_backends: Callable[..., None], backend: type
) -> None:
    use_password_backends(backend)
    make_user(ADDRESS, username="erin", password=PASSWORD)
    assert ask("authMethods") == {"status": "exists"}
    assert ask("passwordVerify") == {"success": True}
    assert ask("passwordVerify", password="wrong") == {"success": False}


@pytest.mark.parametrize("backend", [ByAddress, ByEmail, TakesAnything, HandsOn])
def test_a_user_named_like_the_address_stays_another_user(
    make_user: MakeUser, use_password_backends: Callable[..., None], backend: type
) -> None:
    use_password_backends(backend, DJANGOS)
    make_user(ADDRESS, username="erin", password="another one")
    make_user("mallory@example.com", username=ADDRESS, password=PASSWORD)
    assert ask("passwordVerify") == {"success": False}
    assert ask("passwordVerify", password="another one") == {"success": True}


@pytest.mark.parametrize("stored", ["", "!", "!unusable", "phpass$P$Bold", "plain text"])
def test_what_no_hasher_can_check_is_no_password(make_user: MakeUser, stored: str) -> None:
    user = make_user(ADDRESS)
    type(user)._default_manager.update(password=stored)
    assert ask("authMethods") == {"status": "not_exists"}


def test_a_directory_may_know_the_password_of_any_user(
    make_user: MakeUser, use_password_backends: Callable[..., None]
) -> None:
    use_password_backends(Directory, DJANGOS)
    make_user(ADDRESS, username="erin", password=None)
    assert ask("authMethods") == {"status": "exists"}
    assert ask("passwordVerify", password="in the directory") == {"success": True}


@pytest.mark.parametrize("others", [[Guard], [Link], [SingleSignOn], [Guard, Link, SingleSignOn]])
def test_backends_that_accept_no_password_know_none(
    make_user: MakeUser, use_password_backends: Callable[..., None], others: list[type]
) -> None:
    use_password_backends(*others, DJANGOS)
    make_user(ADDRESS, password=None)
    assert ask("authMethods") == {"status": "not_exists"}


def test_a_guard_has_the_last_word(
    make_user: MakeUser, use_password_backends: Callable[..., None]
) -> None:
    use_password_backends(Guard, DJANGOS)
    make_user(ADDRESS, username="erin", password="one too many")
    assert ask("passwordVerify", password="one too many") == {"success": False}


def test_a_guard_that_the_setting_does_not_name_has_it_too(
    make_user: MakeUser, use_password_backends: Callable[..., None], settings: Settings
) -> None:
    use_password_backends(Guard, DJANGOS)
    settings.CORBADO_PASSWORD_BACKENDS = [DJANGOS]
    make_user(ADDRESS, username="erin", password="one too many")
    assert ask("passwordVerify", password="one too many") == {"success": False}


@pytest.mark.parametrize(
    ("backend", "found"), [(NobodyHasOne, "not_exists"), (OURS, "exists")], ids=["none", "ours"]
)
def test_a_site_says_itself_who_has_a_password(
    make_user: MakeUser, use_password_backends: Callable[..., None], backend: Any, found: str
) -> None:
    use_password_backends(DJANGOS, backend)
    make_user(ADDRESS, password=PASSWORD)
    assert ask("authMethods") == {"status": found}


def test_without_a_backend_that_takes_passwords_no_user_has_one(
    make_user: MakeUser, settings: Settings
) -> None:
    settings.CORBADO_PASSWORD_BACKENDS = []
    make_user(ADDRESS, password=PASSWORD)
    assert ask("authMethods") == {"status": "not_exists"}


@pytest.mark.parametrize(
    "backend", [ByAddress, ByEmail, TakesAnything, HandsOn, Directory, DJANGOS]
)
def test_a_failure_is_told_once_however_many_ways_were_tried(
    make_user: MakeUser, use_password_backends: Callable[..., None], backend: Any
) -> None:
    use_password_backends(backend)
    make_user(ADDRESS, username="erin", password=PASSWORD)
    receiver = mock.Mock()
    user_login_failed.connect(receiver)
    try:
        ask("passwordVerify", password="wrong")
    finally:
        user_login_failed.disconnect(receiver)
    assert receiver.call_count == 1
    assert receiver.call_args.kwargs["credentials"] == {"username": "erin", "password": "*" * 20}


@pytest.mark.parametrize("backend", [ByAddress, ByEmail, TakesAnything, HandsOn, DJANGOS])
def test_a_stranger_is_looked_for_as_often_as_a_wrong_password(
    make_user: MakeUser, use_password_backends: Callable[..., None], backend: Any
) -> None:
    use_password_backends(backend)
    make_user(ADDRESS, username="erin", password=PASSWORD)
    assert asked(ADDRESS, backend) == asked("nobody@example.com", backend)


def asked(address: str, backend: Any) -> int:
    """Return how often a backend is asked about a wrong password for this address."""
    cls = ModelBackend if backend == DJANGOS else backend
    with mock.patch.object(cls, "authenticate", autospec=True, side_effect=cls.authenticate) as spy:
        ask("passwordVerify", username=address, password="wrong")
    return int(spy.call_count)
