"""Checks of CORBADO_PROJECTS, and all other checks for each of the projects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from corbado_auth.conf import conf
from corbado_auth.middleware import ProjectMiddleware
from corbado_auth.projects import OF_A_PROJECT, OWN, PREFIX, use_project

from . import ids

Check = Callable[..., Iterable[CheckMessage]]
Messages = Iterator[CheckMessage]

EXAMPLE = 'CORBADO_PROJECTS = {"green": {"PROJECT_ID": "pro-…", "API_SECRET": …}, "blue": {…}}'
MIDDLEWARE = f"{ProjectMiddleware.__module__}.{ProjectMiddleware.__name__}"


def check_projects(**kwargs: Any) -> list[CheckMessage]:
    """Check CORBADO_PROJECTS itself, and what chooses one of them."""
    try:
        projects = conf.CORBADO_PROJECTS
    except ImproperlyConfigured:
        return [
            Error(
                "CORBADO_PROJECTS is not a dictionary of dictionaries, by the names of projects.",
                hint=f"For instance: {EXAMPLE}",
                id=ids.PROJECTS_MALFORMED,
            )
        ]
    if not projects:
        return list(_needless())
    return [*_keys(projects), *_shared(projects), *_ignored(), *_choice(projects)]


def for_each_project(check: Check) -> Check:
    """Return the check for each project: what is wrong with one only is reported with its name."""

    @wraps(check)
    def check_each(**kwargs: Any) -> list[CheckMessage]:
        try:
            names = tuple(conf.CORBADO_PROJECTS)
        except ImproperlyConfigured:
            return []  # check_projects says so.
        if not names:
            return list(check(**kwargs))
        found = {}
        for name in names:
            with use_project(name):
                found[name] = list(check(**kwargs))
        return list(_merged(found))

    return check_each


def _merged(found: Mapping[str, list[CheckMessage]]) -> Messages:
    first, *others = found.values()
    common = [each for each in first if all(each in other for other in others)]
    yield from common
    for name, messages in found.items():
        for each in messages:
            if each not in common:
                said, key = copy(each), f'CORBADO_PROJECTS["{name}"]'
                said.msg = f"{key}: {each.msg}"
                said.hint = f'{each.hint} In {key}, keys do not begin with "{PREFIX}".'
                yield said


def _keys(projects: Mapping[str, Mapping[str, Any]]) -> Messages:
    known = sorted(each.removeprefix(PREFIX) for each in OF_A_PROJECT)
    for name, values in projects.items():
        for key in values:
            if key not in known:
                yield Error(
                    f'CORBADO_PROJECTS["{name}"]: there is no key {key!r}.',
                    hint=f"The keys are: {', '.join(known)}. All other settings are the site's.",
                    id=ids.PROJECTS_MALFORMED,
                )


def _shared(projects: Mapping[str, Mapping[str, Any]]) -> Messages:
    """Find what two projects must not have in common, without showing a secret."""
    owners: dict[tuple[str, str], str] = {}
    for name, values in projects.items():
        secrets = values.get("WEBHOOK_SECRETS") or ()
        own = [("PROJECT_ID", values.get("PROJECT_ID"))]
        own += [("WEBHOOK_SECRETS", each) for each in secrets if isinstance(each, str)]
        for key, value in own:
            owner = owners.setdefault((key, str(value)), name) if value else name
            if owner != name:
                yield Error(
                    f'CORBADO_PROJECTS: "{owner}" and "{name}" have the same {key}.',
                    hint="Give each its own: otherwise one could act in the other's name.",
                    id=ids.PROJECTS_SHARE,
                )


def _ignored() -> Messages:
    # CORBADO_PROJECTS is read first, so that the plain setting has no effect.
    plain = sorted(name for name in OWN if getattr(settings, name, None))
    if plain:
        yield Warning(
            f"CORBADO_PROJECTS is set, so these are ignored: {', '.join(plain)}.",
            hint="Move each into the project that it belongs to, and delete it.",
            id=ids.PLAIN_SETTINGS_IGNORED,
        )


def _choice(projects: Mapping[str, Mapping[str, Any]]) -> Messages:
    """Check that something chooses a project for each request."""
    path, is_in_place = conf.CORBADO_PROJECT_RESOLVER, MIDDLEWARE in settings.MIDDLEWARE
    if len(projects) > 1 and not is_in_place:
        yield Error(
            "CORBADO_PROJECTS has several projects, but nothing chooses one for a request.",
            hint=f'Add "{MIDDLEWARE}" to MIDDLEWARE.',
            id=ids.PROJECT_UNRESOLVED,
        )
    if (path or len(projects) > 1) and not _is_function(path):
        yield Error(
            f"CORBADO_PROJECT_RESOLVER is {path!r}, which cannot be imported as a function.",
            hint="Write the dotted path of a function, not an async one, that takes the request "
            "and returns a name in CORBADO_PROJECTS. For instance: "
            'CORBADO_PROJECT_RESOLVER = "shop.brands.project_of"',
            id=ids.PROJECT_UNRESOLVED,
        )


def _is_function(path: str) -> bool:
    try:
        found = import_string(path)
    except ImportError:
        return False
    return callable(found) and not iscoroutinefunction(found)


def _needless() -> Messages:
    if conf.CORBADO_PROJECT_RESOLVER:
        yield Warning(
            "CORBADO_PROJECT_RESOLVER is set, but CORBADO_PROJECTS is not: it is never called.",
            hint=f"Delete the line, or set CORBADO_PROJECTS. For instance: {EXAMPLE}",
            id=ids.RESOLVER_NEEDLESS,
        )
