"""Which backends take passwords, which users have one, and which user a password belongs to.

A backend may keep passwords elsewhere (LDAP), or find users by email address instead of user name,
so every question about passwords is put to the backends of ``CORBADO_PASSWORD_BACKENDS``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import CodeType
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, get_user_model, load_backend
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.hashers import identify_hasher
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from .conf import conf
from .telemetry import Secret

__all__ = [
    "are_taken",
    "came_with_password",
    "find_user",
    "finds_by_address",
    "may_have_password",
    "password_backends",
    "words",
]

# Django's own signal shows this in place of a password.
MASK = "********************"


def password_backends() -> list[str]:
    """Return the dotted paths of the backends that take passwords, in the site's order.

    Those named in CORBADO_PASSWORD_BACKENDS; else all whose ``authenticate()`` has a parameter
    ``password``, or reads it from its keyword arguments. Ours declares that it takes none.
    """
    named = conf.CORBADO_PASSWORD_BACKENDS
    if named is not None:
        return [path for path in settings.AUTHENTICATION_BACKENDS if path in named]
    return [
        path for path in settings.AUTHENTICATION_BACKENDS if _takes_passwords(import_string(path))
    ]


def are_taken() -> bool:
    """Return whether anyone can sign in here with a password."""
    return bool(password_backends())


def finds_by_address() -> bool:
    """Return whether a backend may find people by email address as well as by user name."""
    return any(
        not _is_djangos(import_string(path)) for path in password_backends()
    ) and not _is_address(get_user_model().USERNAME_FIELD)


def may_have_password(user: AbstractBaseUser) -> bool:
    """Return whether one of the backends might let this user in with a password.

    Judged by the hash that is stored here, unless a backend keeps passwords elsewhere: then any
    user may have one.
    """
    backends = [import_string(path) for path in password_backends()]
    if any(not _compares_hashes(backend) for backend in backends):
        return True
    return bool(backends) and _is_hash(user.password)


def came_with_password(request: HttpRequest | None, user: Any) -> bool:
    """Return whether this sign-in, reported by Django's signal, went through such a backend.

    ``login(request, user, backend=…)`` stores the backend only in the session.
    """
    session = getattr(request, "session", None) or {}
    backend = session.get(BACKEND_SESSION_KEY) or getattr(user, "backend", None)
    named = conf.CORBADO_PASSWORD_BACKENDS
    if backend is None or named is not None:
        return backend in (named or ())
    return _takes_passwords(import_string(backend))


@sensitive_variables()
def find_user(
    request: HttpRequest | None,
    password: Secret,
    *,
    username: str,
    address: str,
    is_wanted: Callable[[AbstractBaseUser], bool] = lambda user: True,
) -> AbstractBaseUser | None:
    """Return the first wanted user whom a backend lets in with this password, or None.

    Like Django's ``authenticate()``, which calls all backends alike; here each is asked by user
    name and by email address, as its signature allows. Backends that take no passwords are asked
    once as Django would, since one may be there to refuse (django-axes). A failure is signalled
    once, however many ways were tried.
    """
    try:
        for path in settings.AUTHENTICATION_BACKENDS:
            backend = load_backend(path)
            for way in _ways(path, backend, username, address):
                user = backend.authenticate(request, password=password.reveal(), **way)
                if user is not None and is_wanted(user):
                    user.backend = path
                    return user
    except PermissionDenied:
        pass  # This backend's word is final.
    user_login_failed.send(
        sender=__name__, credentials={"username": username, "password": MASK}, request=request
    )
    return None


def _ways(path: str, backend: Any, username: str, address: str) -> Iterable[dict[str, str]]:
    """Return the ways to identify a person to a backend, apart from the password.

    The same for all users of a site: an unknown person has to cost the same work as a wrong
    password.
    """
    signature = inspect.signature(backend.authenticate)
    ways = [("username", username)]
    if path in password_backends() and not _is_djangos(type(backend)):
        ways = [way for name in _names(signature) for way in _values(name, username, address)]
    for name, value in ways:
        way = {name: value}
        try:
            signature.bind(None, password="", **way)
        except TypeError:
            continue
        yield way


def _names(signature: inspect.Signature) -> list[str]:
    """Return the parameters that may identify a person: the usual ones, and all required ones."""
    model = get_user_model()
    usual = {"username", "email", model.USERNAME_FIELD, model.get_email_field_name()}
    parameters = list(signature.parameters.values())[1:]  # The first one is the request.
    names = [
        each.name
        for each in parameters
        if each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
        and each.name != "password"
        and (each.name in usual or each.default is each.empty)
    ]
    if not names and any(each.kind is each.VAR_KEYWORD for each in parameters):
        return ["username", "email"]
    return names


def _values(name: str, username: str, address: str) -> list[tuple[str, str]]:
    model = get_user_model()
    if _is_address(model.USERNAME_FIELD):
        return [(name, username)]
    if name in {"username", model.USERNAME_FIELD}:
        # The signature does not say whether it means the user name, the address or either.
        return [(name, username), (name, address)]
    return [(name, address)]


def _is_address(field: str) -> bool:
    return bool(field == get_user_model().get_email_field_name())


def _is_djangos(backend: type) -> bool:
    """Return whether a backend finds users as Django's own does: only by user name."""
    return getattr(backend, "authenticate", None) is ModelBackend.authenticate


@lru_cache
def _takes_passwords(backend: Any) -> bool:
    if not getattr(backend, "_takes_passwords", True) or _is_guard(backend):
        return False
    try:
        parameters = inspect.signature(backend.authenticate).parameters
    except (AttributeError, TypeError, ValueError):
        return False  # Only for permissions.
    if "password" in parameters:
        return True
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return takes_all and _mentions(backend, "password")


def _is_guard(backend: Any) -> bool:
    """Return whether ``authenticate()`` can only refuse (django-axes) or abstain.

    A backend that signs people in has to find them again at the next request, with ``get_user()``.
    """
    defines = (each for each in inspect.getmro(backend) if "authenticate" in vars(each))
    definer = next(defines, backend)
    return getattr(definer, "get_user", BaseBackend.get_user) is BaseBackend.get_user


@lru_cache
def _compares_hashes(backend: Any) -> bool:
    """Return whether a backend checks the hash in the user model."""
    return _is_djangos(backend) or _mentions(backend, "check_password")


def _mentions(backend: type, word: str) -> bool:
    """Return whether the code of a backend, or of its base classes, has a name or a string.

    Django's own classes are ignored: a subclass may have replaced their methods.
    """
    own = [each for each in backend.__mro__ if not each.__module__.startswith("django.contrib.")]
    codes = [
        function.__code__
        for each in own
        for function in map(inspect.unwrap, filter(inspect.isfunction, vars(each).values()))
    ]
    return any(word in words(code) for code in codes)


def words(code: CodeType) -> set[object]:
    """Return every name and string in a function's code, and in functions inside it."""
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    # The names of arguments in a call.
    names = (each for each in code.co_consts if isinstance(each, tuple))
    # django-oscar's authenticate() hands all it is given to a method with a parameter for it.
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    own = {*code.co_names, *code.co_consts, *parameters}
    return own.union(*names, *map(words, inner))


def _is_hash(password: str) -> bool:
    """Return whether this is a hash that can be checked, not an empty, unusable or unknown one."""
    try:
        identify_hasher(password)
    except ValueError:
        return False
    return True
