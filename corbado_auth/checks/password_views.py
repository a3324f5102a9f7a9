"""Which views take a password from a visitor, as far as their code says so.

Code is looked at, not run: a view that hands its work to another module, a mutation of GraphQL, a
middleware or an application beside Django are not seen. A view that signs people up may be named,
though it takes only the password that was just chosen.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_type_hints

from django import forms
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth import views as auth_views
from django.utils.module_loading import import_string
from django.views import View

from corbado_auth import passwords

__all__ = ["takes_basic_auth", "takes_password"]

# Where a class names its form: Django and allauth, DRF, simplejwt, allauth.headless.
FORMS = ("authentication_form", "form_class", "serializer_class", "_serializer_class")
INPUTS = ("input_class", "form_list")
# Their views are known by their classes, and their code would say too much.
LIBRARIES = ("django.", "rest_framework.", "corbado_auth.")
MOST_PARTS = 100


def takes_password(view: Any) -> bool:
    """Return whether a visitor can sign in by this view with a password."""
    try:
        return any(map(_part_takes_password, _parts(view)))
    except Exception:  # noqa: BLE001 -- a view may be anything, and a check must not fail on it
        return False


def takes_basic_auth(view: Any) -> bool:
    """Return whether this view of Django REST framework takes a password in a header."""
    found, given = _class_of(view)
    if found is None or not apps.is_installed("rest_framework"):
        return False
    from rest_framework.authentication import BasicAuthentication

    kinds = given.get("authentication_classes", getattr(found, "authentication_classes", ()))
    return any(inspect.isclass(kind) and issubclass(kind, BasicAuthentication) for kind in kinds)


def _parts(view: Any) -> Iterator[Any]:
    """Yield a view and what it is made of: what decorators wrap, helpers of its module, forms."""
    waiting, seen = [view], dict[int, Any]()
    while waiting and len(seen) < MOST_PARTS:
        part = waiting.pop()
        if id(part) not in seen:
            seen[id(part)] = part
            yield part
            waiting += _made_of(part)


def _made_of(part: Any) -> Iterator[Any]:
    # functools.wraps keeps this; a decorator without it has the view in its closure.
    yield from filter(None, [getattr(part, "__wrapped__", None), getattr(part, "__func__", None)])
    if isinstance(part, partial):
        yield part.func
    found, given = _class_of(part)
    if found is not None and _has_form(found, given):
        yield from _methods(found)
    if not inspect.isfunction(part):
        return
    for inner in _closure(part):
        if inspect.isroutine(inner):
            yield inner
        # django-ninja: a path with an operation for each method.
        operations = getattr(inner, "operations", None)
        for operation in operations if isinstance(operations, list) else ():
            yield getattr(operation, "view_func", None)
            for guard in getattr(operation, "auth_callbacks", ()):
                yield getattr(guard, "authenticate", guard)
    if str(part.__module__).startswith(LIBRARIES):
        return
    yield from _hints(part)
    for name in passwords.words(part.__code__):
        value = part.__globals__.get(name) if isinstance(name, str) else None
        if inspect.isclass(value) or _is_of(value, part.__module__):
            yield value


def _closure(function: Any) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # It has not been filled.
            continue


def _hints(function: Any) -> Iterator[Any]:
    """Yield the classes of its arguments: what a view of django-ninja takes."""
    try:
        yield from filter(inspect.isclass, get_type_hints(function).values())
    except Exception:  # noqa: BLE001 -- names that are only there for a type checker
        return


def _is_of(value: Any, module: str) -> bool:
    return inspect.isfunction(value) and value.__module__ == module


def _part_takes_password(part: Any) -> bool:
    site = getattr(part, "__self__", None)
    if site is not None and _is_admin_site(site):
        return _is_admin_login(site, part)
    if inspect.isclass(part):
        # Named in the code of a view. A class of another kind says nothing.
        is_login = issubclass(part, auth_views.LoginView)
        return (is_login and _class_takes_password(part, {})) or _asks_who_and_password(part)
    found, given = _class_of(part)
    if found is not None:
        return _class_takes_password(found, given)
    return inspect.isfunction(part) and _calls_authenticate(part)


def _class_of(view: Any) -> tuple[Any, dict[str, Any]]:
    """Return the class of a view and what ``as_view()`` was given; DRF has its own names."""
    found = getattr(view, "view_class", None) or getattr(view, "cls", None)
    given = getattr(view, "view_initkwargs", None) or getattr(view, "initkwargs", None)
    return (found, given or {}) if inspect.isclass(found) else (None, {})


def _class_takes_password(found: type, given: dict[str, Any]) -> bool:
    return _has_form(found, given) and (
        issubclass(found, auth_views.LoginView)
        or any(map(_asks_who_and_password, _forms(found, given)))
    )


def _has_form(found: type, given: dict[str, Any]) -> bool:
    """Return False for pages of ours without one; the page for step-up has one if they do."""
    has_form = given.get("has_password_form", getattr(found, "has_password_form", True))
    return bool(has_form) and found.__name__ != "StepUpView"


def _forms(found: type, given: dict[str, Any]) -> Iterator[Any]:
    for name in FORMS:
        yield given.get(name) or getattr(found, name, None)
    for name in INPUTS:
        named = given.get(name) or getattr(found, name, None)
        # allauth has an input for each method, and django-formtools a form for each step.
        yield from named.values() if isinstance(named, dict) else (named,)


def _methods(found: type) -> Iterator[Callable[..., Any]]:
    """Yield the methods that the site, or a package, has written."""
    for each in found.__mro__:
        if issubclass(each, View) and not each.__module__.startswith(LIBRARIES):
            yield from map(inspect.unwrap, filter(inspect.isfunction, vars(each).values()))


def _calls_authenticate(function: Any) -> bool:
    if str(function.__module__).startswith(LIBRARIES):
        return False
    words = passwords.words(function.__code__)
    return "password" in words and bool({"authenticate", "aauthenticate"} & words)


def _asks_who_and_password(form: Any) -> bool:
    """Distinguish a sign-in form from one that asks a signed-in person for the password again."""
    if isinstance(form, str):
        try:
            form = import_string(form)
        except ImportError:
            return False
    fields = _fields(form) if inspect.isclass(form) else set()
    who = {"username", "login", "email", get_user_model().USERNAME_FIELD}
    return "password" in fields and bool(who & fields)


def _fields(kind: type) -> set[str]:
    """Return the fields of a form, a serializer or a schema that may be there to sign in."""
    if hasattr(kind, "model_fields"):  # pydantic, as in django-ninja.
        return set(kind.model_fields)
    is_form = issubclass(kind, forms.BaseForm) and "password" in getattr(kind, "base_fields", {})
    is_serializer = hasattr(kind, "_declared_fields")
    if not (is_form or is_serializer) or _signs_up(kind):
        return set()
    try:
        # allauth and simplejwt add fields here.
        return set(kind().fields)
    except Exception:  # noqa: BLE001 -- the code of others, which may need a request
        return set(getattr(kind, "base_fields", None) or getattr(kind, "_declared_fields", {}))


def _signs_up(kind: type) -> bool:
    """Return whether a form or a serializer writes rows."""
    if issubclass(kind, forms.BaseForm):
        return hasattr(kind, "save") or hasattr(kind, "try_save")
    return hasattr(getattr(kind, "Meta", None), "model")


def _is_admin_site(site: Any) -> bool:
    if not apps.is_installed("django.contrib.admin"):
        return False
    from django.contrib.admin import AdminSite

    return isinstance(site, AdminSite)


def _is_admin_login(site: Any, view: Any) -> bool:
    from corbado_auth.sign_in.admin_login import CorbadoAdminMixin

    if view.__name__ != "login":
        return False
    return not isinstance(site, CorbadoAdminMixin) or site._wants_password()
