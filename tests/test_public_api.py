"""What sites build on stays as it is, until someone changes it on purpose."""

from __future__ import annotations

import difflib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cached_property, partialmethod
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from types import MemberDescriptorType
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal
from django.template import Library
from django.urls import URLPattern
from pytest_django import Settings

import corbado_auth
from corbado_auth import conf, exceptions, models, urls
from corbado_auth.checks import ids
from corbado_auth.conf import Settings as OurSettings
from corbado_auth.headless import urls as headless_urls
from corbado_auth.models import CorbadoAccount
from corbado_auth.signals import account_linked
from corbado_auth.templatetags import corbado as tags
from corbado_auth.testing import Corbado
from tests.support.vouching import corbado_user

PINNED = Path(__file__).parent / "public_api.txt"
HINT = """The public API is not what tests/public_api.txt says. If that is meant: change that file
by hand, name the change in CHANGELOG.md, and, where something is gone, what to do instead."""


def test_the_public_api_is_as_pinned(settings: Settings) -> None:
    for name in [name for name in vars(OurSettings) if name.isupper() and hasattr(settings, name)]:
        setattr(settings, name, None)  # Not deleted: that sends no setting_changed.
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


EVERY_MODULE = [
    module.name
    for module in pkgutil.walk_packages(corbado_auth.__path__, "corbado_auth.")
    # Those in contrib can be imported beside their neighbour only (tests/neighbours).
    if not module.name.startswith(
        ("corbado_auth.contrib.", "corbado_auth.emulator", "corbado_auth.migrations")
    )
]


@pytest.mark.parametrize("name", EVERY_MODULE)
def test_what_a_module_lists_is_there(name: str) -> None:
    module = import_module(name)
    assert [each for each in getattr(module, "__all__", []) if not hasattr(module, each)] == []


# How the file describes it -------------------------------------------------------------------

# What a site imports. All other modules are ours to change.
MODULES = (
    "api_tokens",
    "backends",
    "corbado_api.service",
    "csp",
    "decorators",
    "existing_users",
    "identity",
    "middleware",
    "mixins",
    "pilot",
    "projects",
    "session",
    "signals",
    "testing",
    "views",
)

# For people who change the code.
OUR_EXTRAS = {"dev", "docs", "neighbours"}

# What Django and unittest know by these names.
HIDDEN = {
    *("aauthenticate", "as_view", "dispatch", "get", "get_context_data"),
    *("get_default_redirect_url", "get_redirect_url", "template_name"),
    *("get_initial", "http_method_names", "http_method_not_allowed", "login", "logout", "post"),
    *("process_request", "process_response", "setup", "setUp", "sync_capable", "async_capable"),
}


def describe() -> str:
    """Return the public API as lines of text, as a site sees it."""
    parts = [_settings(), _exceptions(), *map(_module, MODULES), _models(), _urls(), _tags()]
    parts += [_commands(), _checks(), _distribution()]
    return "\n".join("\n".join([*part, ""]) for part in parts)


def _settings() -> Iterator[str]:
    yield "settings, where none is set"
    for name, member in sorted(vars(conf.Settings).items()):
        if isinstance(member, property):
            yield f"  {name} = {getattr(conf.conf, name)!r}"


def _exceptions() -> Iterator[str]:
    yield "what an exception carries"
    for name in sorted(exceptions.__all__):
        error = getattr(exceptions, name)("text")
        parent = type(error).__base__
        yield f"  {name} < {parent.__name__ if parent else ''}: {', '.join(sorted(vars(error)))}"


def _module(name: str) -> Iterator[str]:
    module = import_module(f"corbado_auth.{name}")
    yield f"corbado_auth.{name}"
    for each in sorted(module.__all__):
        yield from _value(each, getattr(module, each), "  ")


def _models() -> Iterator[str]:
    yield "corbado_auth.models"
    for name in models.__all__:
        fields = ", ".join(field.name for field in getattr(models, name)._meta.fields)
        yield f"  {name}: {fields}"


def _value(name: str, value: Any, indent: str) -> Iterator[str]:
    if inspect.isclass(value):
        yield f"{indent}class {name}{_parameters(value)}"
        for member in sorted(_members(value)):
            yield from _value(member, _members(value)[member], indent + "  ")
    elif isinstance(value, (classmethod, staticmethod)):
        yield from _value(name, value.__func__, indent)
    elif isinstance(value, (property, cached_property)):
        getter: Any = value.fget if isinstance(value, property) else value.func
        yield f"{indent}{name} -> {inspect.signature(getter).return_annotation}"
    elif inspect.isroutine(value):
        yield f"{indent}{name}{inspect.signature(value)}"
    elif isinstance(value, Signal):
        yield f"{indent}{name}: a signal"
    elif value is None or isinstance(value, (bool, int, float, str, tuple, dict)):
        yield f"{indent}{name} = {value!r}"
    else:
        yield f"{indent}{name}: {type(value).__name__}"


def _members(kind: type) -> dict[str, Any]:
    """Return what a class and its bases of ours define in public."""
    own: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("corbado_auth") and base in {kind, *_unlisted(kind)}:
            own.update(vars(base))
    return {
        name: member
        for name, member in own.items()
        if not name.startswith("_") and name not in HIDDEN and not _is_machinery(member)
    }


def _unlisted(kind: type) -> list[type]:
    """Return the bases that are described nowhere else."""
    listed = {each for name in MODULES for each in import_module(f"corbado_auth.{name}").__all__}
    return [base for base in kind.__mro__[1:] if base.__name__ not in listed]


def _is_machinery(member: Any) -> bool:
    """Tell what Django and dataclasses add: Django's own differs from version to version."""
    if isinstance(member, (partialmethod, MemberDescriptorType)):
        return True
    return type(member).__module__.startswith("django.") and not isinstance(member, Signal)


def _parameters(kind: type) -> str:
    module = getattr(kind.__init__, "__module__", "")
    if module.startswith("corbado_auth") or hasattr(kind, "__dataclass_fields__"):
        return str(inspect.signature(kind))
    return ""


def _urls() -> Iterator[str]:
    for urlconf in (urls, headless_urls):
        yield f"URLs, namespace {urlconf.app_name}"
        for pattern in urlconf.urlpatterns:
            assert isinstance(pattern, URLPattern)
            yield f"  {pattern.name} at {pattern.pattern}"


def _tags() -> Iterator[str]:
    yield "template tags, {% load corbado %}"
    library: Library = tags.register
    for name, tag in sorted({**library.tags, **library.filters}.items()):
        yield f"  {name}{inspect.signature(tag)}"


def _commands() -> Iterator[str]:
    yield "commands"
    djangos = set(_flags(BaseCommand()))
    for name, app in sorted(get_commands().items()):
        if app == "corbado_auth":
            flags = [each for each in _flags(load_command_class(app, name)) if each not in djangos]
            yield f"  {name} {' '.join(flags)}".rstrip()


def _flags(command: BaseCommand) -> list[str]:
    actions = command.create_parser("manage.py", "name")._actions
    return [
        " | ".join(action.option_strings) or str(action.metavar or action.dest)
        for action in actions
    ]


def _checks() -> Iterator[str]:
    names = sorted(value for name, value in vars(ids).items() if name.isupper())
    yield "checks, corbado_auth.…"
    for kind, letter in (("errors", "E"), ("warnings", "W"), ("infos", "I")):
        numbers = [each.rpartition(".")[2] for each in names if f".{letter}" in each]
        yield f"  {kind}: {' '.join(numbers)}"


def _distribution() -> Iterator[str]:
    ours = distribution("django-corbado-auth")
    yield "django-corbado-auth"
    extras = set(ours.metadata.get_all("Provides-Extra") or []) - OUR_EXTRAS
    yield f"  extras: {', '.join(sorted(extras))}"
    for point in ours.entry_points:
        yield f"  {point.group}: {point.name} = {point.value}"
