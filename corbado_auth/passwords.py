"""Which of the site's backends take passwords, who has one, and whose one is.

A local user's password may be known to a backend that keeps it elsewhere (LDAP), or that finds the
user by the address instead of the user name, so every question about passwords is put to the
backends of ``CORBADO_PASSWORD_BACKENDS``.
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
]

# What Django's own signal shows of a password.
MASK = "********************"


def password_backends() -> list[str]:
    """Return the dotted paths of the backends that take passwords, in the site's order.

    Those that CORBADO_PASSWORD_BACKENDS names; else all whose ``authenticate()`` has a parameter
    ``password``, or reads it out of its keyword arguments. Ours says that it takes none.
    """
    named = conf.CORBADO_PASSWORD_BACKENDS
    if named is not None:
        return [path for path in settings.AUTHENTICATION_BACKENDS if path in named]
    return [
        path for path in settings.AUTHENTICATION_BACKENDS if _takes_passwords(import_string(path))
    ]


def are_taken() -> bool:
    """Tell whether anybody can sign in here with a password."""
    return bool(password_backends())


def finds_by_address() -> bool:
    """Tell whether a backend may know people by their address beside the user name."""
    return any(
        not _is_djangos(import_string(path)) for path in password_backends()
    ) and not _is_address(get_user_model().USERNAME_FIELD)


def may_have_password(user: AbstractBaseUser) -> bool:
    """Tell whether one of the backends might let this user in with a password.

    By the hash that is kept here, unless a backend keeps the passwords elsewhere: then nobody can
    be told from here to have none.
    """
    backends = [import_string(path) for path in password_backends()]
    if any(not _compares_hashes(backend) for backend in backends):
        return True
    return bool(backends) and _is_hash(user.password)


def came_with_password(request: HttpRequest | None, user: Any) -> bool:
    """Tell whether this sign-in, of which Django's signal tells, went through such a backend.

    ``login(request, user, backend=…)`` puts the backend into the session alone.
    """
    session = getattr(request, "session", None) or {}
    backend = session.get(BACKEND_SESSION_KEY) or getattr(user, "backend", None)
    return backend in password_backends()


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

    Like Django's ``authenticate()``, which knows one way to ask for all backends: here each is
    asked by user name and by address, as its signature has it. Backends that take no passwords are
    asked once as Django would, since one may be there to refuse (django-axes). A failure is told
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
    """List the ways to name somebody to a backend, beside the password.

    The same for all users of a site: a stranger has to cost the work of a wrong password.
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
    """List the parameters that may name a person: the usual ones, and whatever has to be given."""
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
        # Whether it means the user name, the address or either, no signature tells.
        return [(name, username), (name, address)]
    return [(name, address)]


def _is_address(field: str) -> bool:
    return bool(field == get_user_model().get_email_field_name())


def _is_djangos(backend: type) -> bool:
    """Tell whether a backend finds users as Django's own does: by the user name alone."""
    return getattr(backend, "authenticate", None) is ModelBackend.authenticate


@lru_cache
def _takes_passwords(backend: Any) -> bool:
    if not getattr(backend, "takes_passwords", True) or _is_guard(backend):
        return False
    try:
        parameters = inspect.signature(backend.authenticate).parameters
    except (AttributeError, TypeError, ValueError):
        return False  # It only answers for permissions.
    if "password" in parameters:
        return True
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return takes_all and _mentions(backend, "password")


def _is_guard(backend: Any) -> bool:
    """Tell whether ``authenticate()`` can only refuse (django-axes) or pass by.

    Whoever lets people in has to find them again at the next request, with ``get_user()``.
    """
    defines = (each for each in inspect.getmro(backend) if "authenticate" in vars(each))
    definer = next(defines, backend)
    return getattr(definer, "get_user", BaseBackend.get_user) is BaseBackend.get_user


@lru_cache
def _compares_hashes(backend: Any) -> bool:
    """Tell whether a backend looks at the hash that the user model keeps."""
    return _is_djangos(backend) or _mentions(backend, "check_password")


def _mentions(backend: type, word: str) -> bool:
    """Tell whether the code of a backend, or of what it extends, has a name or a text.

    Django's own classes are left out: they have methods that a subclass may have replaced.
    """
    own = [each for each in backend.__mro__ if not each.__module__.startswith("django.contrib.")]
    codes = [
        function.__code__
        for each in own
        for function in map(inspect.unwrap, filter(inspect.isfunction, vars(each).values()))
    ]
    return any(word in _words(code) for code in codes)


def _words(code: CodeType) -> set[object]:
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return {*code.co_names, *code.co_consts}.union(*map(_words, inner))


def _is_hash(password: str) -> bool:
    """Tell a hash that can be checked from an empty, an unusable and an unknown one."""
    try:
        identify_hasher(password)
    except ValueError:
        return False
    return True
