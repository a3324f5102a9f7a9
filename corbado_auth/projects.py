"""The Corbado project in effect: that of the request, or of a ``use_project`` block.

Only for sites that set CORBADO_PROJECTS; with the plain settings, there is nothing to choose.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from functools import cache, lru_cache
from traceback import extract_tb
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import Http404, HttpRequest
from django.utils.encoding import iri_to_uri
from django.utils.module_loading import import_string

__all__ = ["current_project", "each_project", "project_names", "use_project"]

logger = logging.getLogger("corbado_auth")

# Settings that belong to one project of CORBADO_PROJECTS. The plain setting is never a fallback, or
# one project's credentials would be used for another.
OWN = frozenset(
    {
        "CORBADO_PROJECT_ID",
        "CORBADO_API_SECRET",
        "CORBADO_FRONTEND_API_URL",
        "CORBADO_WEBHOOK_SECRETS",
        "CORBADO_CONNECT_PROJECT_ID",
        "CORBADO_CONNECT_API_SECRET",
        "CORBADO_CONNECT_CUSTOM_DOMAIN",
        "CORBADO_BACKEND_API_KEY",
    }
)
# Settings that a project may have; the plain setting is the fallback.
SHARED = frozenset({"CORBADO_BACKEND_API_URL", "CORBADO_FRONTEND_API_SUFFIX"})
OF_A_PROJECT = OWN | SHARED
PREFIX = "CORBADO_"

# Where settings are read from while the site's settings module is still being loaded.
_source: ContextVar[Mapping[str, Any] | None] = ContextVar("corbado_settings", default=None)

# A request, a project's name, or None if nothing says which project is in effect. The resolver is
# asked about a request only when its project is first needed: most pages of a site never need it.
Scope = HttpRequest | str | None
_scope: ContextVar[Scope] = ContextVar("corbado_project", default=None)

# The resolver returned None: there are no passkeys at this address.
NO_PROJECT = ""


@contextmanager
def settings_from(source: Mapping[str, Any] | None) -> Iterator[None]:
    """Read settings from a settings module's names in this block; None: from Django's."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


def read_setting(name: str) -> Any:
    """Return the value of a setting; one that belongs to a project, from the project in effect."""
    source = _source.get()
    if source is not None:
        return source.get(name)
    if name in OF_A_PROJECT and (projects := configured_projects()):
        value = projects.get(current_project(), {}).get(name.removeprefix(PREFIX))
        if value is not None or name in OWN:
            return value
    return _plain_setting(name)


def as_plain_settings(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the module's names once per project, as if that project were the only one."""
    projects = source.get("CORBADO_PROJECTS")
    if not (projects and is_well_formed(projects)):
        return [source]
    others = {name: value for name, value in source.items() if name not in OWN}
    return [
        {**others, **{f"{PREFIX}{key}": value for key, value in values.items()}}
        for values in projects.values()
    ]


def split_settings(plain: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split settings into those of a project, by their keys there, and those of the site."""
    own = {key.removeprefix(PREFIX): plain[key] for key in plain if key in OF_A_PROJECT}
    return own, {key: plain[key] for key in plain if key not in OF_A_PROJECT}


@cache
def _plain_setting(name: str) -> Any:
    """Return a setting, or None; cached until a test overrides one.

    Looking up a setting that does not exist is slow, and most sites set few of the twenty that a
    sign-in reads.
    """
    return getattr(settings, name, None)


@lru_cache(maxsize=1)
def configured_projects() -> Mapping[str, Mapping[str, Any]]:
    """Return CORBADO_PROJECTS; empty for a site with the plain settings.

    Checked once, and again when a test overrides it.
    """
    projects: Mapping[str, Mapping[str, Any]] = getattr(settings, "CORBADO_PROJECTS", None) or {}
    if not is_well_formed(projects):
        raise ImproperlyConfigured(
            "CORBADO_PROJECTS must be a dictionary of dictionaries, by the project's name."
        )
    return projects


@receiver(setting_changed, dispatch_uid="corbado_auth.projects")
def _forget(setting: str, **_signal: Any) -> None:
    if setting.startswith(PREFIX):
        _plain_setting.cache_clear()
        configured_projects.cache_clear()


def is_well_formed(projects: object) -> bool:
    """Return whether this is a dictionary of dictionaries, by name."""
    return isinstance(projects, Mapping) and all(
        isinstance(name, str) and name and isinstance(values, Mapping)
        for name, values in projects.items()
    )


def project_names() -> tuple[str, ...]:
    """Return the names in CORBADO_PROJECTS; none for a site with the plain settings."""
    return tuple(configured_projects())


def current_project() -> str:
    """Return the name of the project in effect.

    An empty string with the plain settings, and at an address without a project. Raises
    ImproperlyConfigured if nothing says which of several projects it is.
    """
    names = project_names()
    scope = _scope.get()
    if isinstance(scope, HttpRequest) and names:
        return _project_of(scope, names)
    if isinstance(scope, str) and (scope in names or scope == NO_PROJECT):
        return scope
    if len(names) > 1:
        raise ImproperlyConfigured(
            "CORBADO_PROJECTS has several projects, and nothing says which one is meant here. "
            "In a request, corbado_auth.middleware.ProjectMiddleware and CORBADO_PROJECT_RESOLVER "
            'do; elsewhere, write: with corbado_auth.projects.use_project("…").'
        )
    return names[0] if names else ""


@contextmanager
def use_project(name: str) -> Iterator[None]:
    """Use this project of CORBADO_PROJECTS in a block, for instance in a task or a script.

    A new thread starts without it. Raises ImproperlyConfigured for an unknown name.
    """
    names = project_names()
    if name not in names:
        raise ImproperlyConfigured(unknown(name, names))
    token = activate(name)
    try:
        yield
    finally:
        restore(token)


def each_project() -> list[AbstractContextManager[None]]:
    """Return a context manager for each project: ``for project in …: with project: …``.

    With the plain settings, it is a single one that changes nothing.
    """
    return [*map(use_project, project_names())] or [nullcontext()]


def is_project_known() -> bool:
    """Return whether it is clear which project is in effect: in a request it is, in a shell not."""
    return len(project_names()) < 2 or _scope.get() is not None


def is_without_project() -> bool:
    """Return whether the resolver says that there are no passkeys at this address."""
    return bool(project_names()) and current_project() == NO_PROJECT


def activate(scope: Scope) -> Token[Scope]:
    """Put a request's project, or the project with this name, into effect from here on."""
    return _scope.set(scope)


def restore(token: Token[Scope]) -> None:
    """Put the project into effect that was in effect before."""
    _scope.reset(token)


def current_scope() -> Scope:
    """Return the request or name in effect, to activate it in a new thread."""
    return _scope.get()


def unknown(name: object, names: tuple[str, ...]) -> str:
    """Return an error message for a name that is not in CORBADO_PROJECTS."""
    if not names:
        return "CORBADO_PROJECTS is not set, so there are no projects to choose from."
    return f"CORBADO_PROJECTS has no {name!r}, only: {', '.join(names)}."


def _project_of(request: HttpRequest, names: tuple[str, ...]) -> str:
    """Return the project of a request; the resolver is asked once per request."""
    known: str | None = getattr(request, "_corbado_project", None)
    if known is None:
        known = _resolve(request, names)
        request._corbado_project = known  # type: ignore[attr-defined]
    return known


def _extra(reason: str) -> dict[str, str]:
    """Return what ``log_event`` would add, which cannot be imported here: it is a floor above."""
    return {"event": "resolver_failed", "reason": reason, "corbado_user_id": ""}


def _resolve(request: HttpRequest, names: tuple[str, ...]) -> str:
    path = getattr(settings, "CORBADO_PROJECT_RESOLVER", None)
    if not path and len(names) == 1:
        return names[0]
    if not path:
        raise ImproperlyConfigured(
            "CORBADO_PROJECTS has several projects: set CORBADO_PROJECT_RESOLVER to a function "
            "that takes the request and returns the name of one."
        )
    try:
        resolver = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"CORBADO_PROJECT_RESOLVER: {error}") from error
    try:
        name = resolver(request)
    except (Http404, PermissionDenied):
        raise
    except Exception as error:
        # Not the error's text, which may quote the request.
        where = extract_tb(error.__traceback__)[-1]
        logger.error(
            "CORBADO_PROJECT_RESOLVER: %s raised %s (line %s of %s).",
            path,
            type(error).__name__,
            where.lineno,
            where.name,
            extra=_extra(type(error).__name__),
        )
        raise
    if inspect.iscoroutine(name):
        name.close()
        raise ImproperlyConfigured(f"CORBADO_PROJECT_RESOLVER: {path} must not be asynchronous.")
    if name is None:
        return NO_PROJECT
    if name not in names:
        sentence = (
            f"CORBADO_PROJECT_RESOLVER: {path} returned a name for {iri_to_uri(request.path)} "
            "that is unknown."
        )
        logger.error("%s %s", sentence, unknown(name, names), extra=_extra("unknown"))
        raise ImproperlyConfigured(f"{sentence} {unknown(name, names)}")
    return str(name)
