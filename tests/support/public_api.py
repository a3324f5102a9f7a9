"""Describe the public API as lines of text, as a site sees it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property, partialmethod
from importlib import import_module
from importlib.metadata import distribution
from types import MemberDescriptorType
from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal
from django.template import Library
from django.urls import URLPattern

from corbado_auth import checks, conf, exceptions, models, urls
from corbado_auth.headless import urls as headless_urls
from corbado_auth.templatetags import corbado as tags

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
    """Return all of it, one thing a line."""
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
    ids = sorted(value for name, value in vars(checks.ids).items() if name.isupper())
    yield "checks, corbado_auth.…"
    for kind, letter in (("errors", "E"), ("warnings", "W"), ("infos", "I")):
        numbers = [each.rpartition(".")[2] for each in ids if f".{letter}" in each]
        yield f"  {kind}: {' '.join(numbers)}"


def _distribution() -> Iterator[str]:
    ours = distribution("django-corbado-auth")
    yield "django-corbado-auth"
    extras = set(ours.metadata.get_all("Provides-Extra") or []) - OUR_EXTRAS
    yield f"  extras: {', '.join(sorted(extras))}"
    for point in ours.entry_points:
        yield f"  {point.group}: {point.name} = {point.value}"
