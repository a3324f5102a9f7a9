"""What sites build on stays as it is, until someone changes it on purpose."""

from __future__ import annotations

import difflib
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from pytest_django import Settings

import corbado_auth
from corbado_auth.conf import Settings as OurSettings
from corbado_auth.models import CorbadoAccount
from corbado_auth.signals import account_linked
from corbado_auth.testing import Corbado
from tests.support.public_api import describe
from tests.support.vouching import corbado_user

PINNED = Path(__file__).parent / "public_api.txt"
HINT = """The public API is not what tests/public_api.txt says. If that is meant: change that file
by hand, name the change in CHANGELOG.md, and, where something is gone, what to do instead."""


def test_the_public_api_is_as_pinned(settings: Settings) -> None:
    for name in [name for name in vars(OurSettings) if name.isupper() and hasattr(settings, name)]:
        delattr(settings, name)
    pinned, found = PINNED.read_text(), describe()
    difference = difflib.unified_diff(
        pinned.splitlines(), found.splitlines(), "pinned", "found", lineterm="", n=1
    )
    assert pinned == found, HINT + "\n\n" + "\n".join(difference)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_here", [False, True], ids=["created", "linked"])
def test_the_arguments_of_the_signal(is_here: bool, make_user: Any) -> None:
    if is_here:
        make_user("ada@example.com")
    received: list[dict[str, Any]] = []

    def receiver(**arguments: Any) -> None:
        received.append(arguments)

    account_linked.connect(receiver)
    try:
        authenticate(None, corbado_user=corbado_user("ada@example.com"))
    finally:
        account_linked.disconnect(receiver)
    (arguments,) = received
    assert arguments == {
        "signal": account_linked,
        "sender": CorbadoAccount,
        "request": None,
        "account": CorbadoAccount.objects.get(),
        "created": not is_here,
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["corbado", "corbado_live"])
def test_the_fixtures_are_there_without_an_import(
    name: str, request: pytest.FixtureRequest
) -> None:
    assert isinstance(request.getfixturevalue(name), Corbado)


MODULES = [
    module.name
    for module in pkgutil.walk_packages(corbado_auth.__path__, "corbado_auth.")
    # Those in contrib can be imported beside their neighbour only (tests/neighbours).
    if not module.name.startswith(
        ("corbado_auth.contrib.", "corbado_auth.emulator", "corbado_auth.migrations")
    )
]


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_lists_is_there(name: str) -> None:
    module = import_module(name)
    assert [each for each in getattr(module, "__all__", []) if not hasattr(module, each)] == []
