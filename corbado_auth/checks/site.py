"""Checks that the site has what sign-in needs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends import cache, db, signed_cookies
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage, Error, Info, Warning
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string

from corbado_auth.conf import conf

from . import ids

NEEDED_APPS = ("django.contrib.auth", "django.contrib.contenttypes")
SESSIONS_APP = "django.contrib.sessions"

# Apps whose sign-in asks for a second factor, and how they tell who has one.
SECOND_FACTORS = {
    "allauth.mfa": "allauth.mfa.utils.is_mfa_enabled(user)",
    "two_factor": "django_otp.user_has_device(user)",
}

# Packages whose backends take any credentials, and return None for those of other backends.
ABSTAIN = {
    *("allauth", "axes", "corbado_auth", "django", "django_auth_ldap", "django_su"),
    *("mozilla_django_oidc", "social_core"),
}

if TYPE_CHECKING:
    from corbado_auth.backends import CorbadoBackend

Messages = Iterator[CheckMessage]


def check_site(**kwargs: Any) -> list[CheckMessage]:
    """Check apps, middleware, sessions and cookies."""
    return [*_apps(), *_middleware(), *_sessions(), *_csrf_cookie()]


def check_sign_in(**kwargs: Any) -> list[CheckMessage]:
    """Check that a backend maps Corbado users onto local users, and how far it trusts emails."""
    # Without Django's app no backend can be imported; APP_MISSING says so.
    if not apps.is_installed("django.contrib.auth"):
        return []
    return [*_backends(), *_databases()]


def check_sign_up(**kwargs: Any) -> list[CheckMessage]:
    """Note what only Corbado knows: whether new people arrive with a confirmed address."""
    # Without Django's app no user model can be imported; APP_MISSING says so.
    if conf.uses_connect_alone() or not apps.is_installed("django.contrib.auth"):
        return []
    from corbado_auth.new_users import needs_confirmed_address

    if not needs_confirmed_address() or not any(each.create_unknown_user for each in _ours()):
        return []
    return [
        Info(
            "The address is the user name, so people who sign up have to confirm it before they "
            "get an account; whether Corbado's option for that (doubleOptIn) is on cannot be seen "
            "from here.",
            hint="manage.py corbado_doctor says whether it is on. Nothing breaks without it: a "
            "page of this site then has the link emailed.",
            id=ids.ADDRESS_IS_USER_NAME,
        )
    ]


def _databases() -> Messages:
    """Check that accounts are where the users are: each sign-in joins the two."""
    from corbado_auth.models import db_for_write, db_of_users

    ours, users = db_for_write(), db_of_users()
    if ours != users:
        yield Error(
            f"Users are in the database {users!r}, and the tables of corbado_auth in {ours!r}: "
            "Django supports no relations between databases, so nobody can sign in.",
            hint='Let your router send the app "corbado_auth" where it sends your user model, in '
            "db_for_read, db_for_write and allow_migrate, then run manage.py migrate "
            f"--database {users}.",
            id=ids.USERS_ELSEWHERE,
        )


def _apps() -> Messages:
    needed = [*NEEDED_APPS, *([SESSIONS_APP] if _sessions_need_djangos_table() else [])]
    for name in needed:
        if not apps.is_installed(name):
            yield Error(
                f"{name} is not installed; sign-in needs Django's own users and sessions.",
                hint=f'Add "{name}" to INSTALLED_APPS, then run manage.py migrate.',
                id=ids.APP_MISSING,
            )


def _sessions_need_djangos_table() -> bool:
    """Distinguish Django's own rows from an app's (django-qsessions), a cache, and files."""
    store = _session_store()
    if not _is_subclass(store, db.SessionStore):
        return False
    return bool(store.get_model_class.__func__ is db.SessionStore.get_model_class.__func__)  # type: ignore[attr-defined]


def _session_store() -> Any:
    try:
        return import_module(settings.SESSION_ENGINE).SessionStore
    except Exception:  # noqa: BLE001 -- whatever that module raises; Django reports it at a request
        return None


def _middleware() -> Messages:
    needed: list[type] = [SessionMiddleware]
    if apps.is_installed("django.contrib.auth"):
        from django.contrib.auth.middleware import AuthenticationMiddleware

        needed.append(AuthenticationMiddleware)
    present = [found for found in map(_imported, settings.MIDDLEWARE) if found]
    for middleware in needed:
        if not any(_does_the_work_of(found, middleware) for found in present):
            yield Error(
                f"MIDDLEWARE has no {middleware.__name__}, so nobody stays signed in.",
                hint=f'Add "{middleware.__module__}.{middleware.__name__}" to MIDDLEWARE '
                "(sessions before authentication).",
                id=ids.MIDDLEWARE_MISSING,
            )


def _does_the_work_of(found: object, middleware: type) -> bool:
    """Return whether this is Django's middleware, or that of another app for sessions."""
    is_its_own = isinstance(found, type) and found.__name__ == middleware.__name__
    return _is_subclass(found, middleware) or is_its_own


def _sessions() -> Messages:
    store = _session_store()
    hint = 'Set SESSION_ENGINE = "django.contrib.sessions.backends.{}".'
    if _is_subclass(store, signed_cookies.SessionStore):
        yield Error(
            "Sessions are stored in cookies: neither signing out nor deactivating a user ends "
            "a copied one.",
            hint=hint.format("db"),
            id=ids.SESSIONS_IN_COOKIES,
        )
    elif _is_subclass(store, cache.SessionStore):
        yield Warning(
            "Sessions are stored only in the cache: everyone is signed out when it is cleared.",
            hint=hint.format("cached_db"),
            id=ids.SESSIONS_IN_CACHE,
        )


def _csrf_cookie() -> Messages:
    readable = not (settings.CSRF_USE_SESSIONS or settings.CSRF_COOKIE_HTTPONLY)
    # Corbado's web component copies a cookie of this name to Corbado (API notes 0.10).
    if readable and settings.CSRF_COOKIE_NAME == "XSRF-TOKEN":
        yield Warning(
            'CSRF_COOKIE_NAME is "XSRF-TOKEN": the web component sends a cookie of this name to '
            "Corbado.",
            hint='Set CSRF_COOKIE_NAME = "csrftoken" (Django\'s default), and the same name where '
            "your scripts read it.",
            id=ids.CSRF_COOKIE_TRAVELS,
        )


def _backends() -> Messages:
    for path in settings.AUTHENTICATION_BACKENDS:
        if _imported(path) is None:
            yield Error(
                f"AUTHENTICATION_BACKENDS names {path!r}, which cannot be imported.",
                hint="Fix the dotted path; this shows what is wrong: "
                f'python manage.py shell -c "import {str(path).rpartition(".")[0]}"',
                id=ids.BACKEND_BROKEN,
            )
    ours = _ours()
    if not ours:
        yield Error(
            "AUTHENTICATION_BACKENDS has no CorbadoBackend, so nobody can sign in with Corbado.",
            hint='Add "corbado_auth.backends.CorbadoBackend", or the path of your subclass, to '
            "AUTHENTICATION_BACKENDS, beside the existing backends.",
            id=ids.BACKEND_MISSING,
        )
    yield from _greedy()
    for backend in ours:
        yield from _unanswered(backend)
        yield from _second_factor(backend)
        yield from _without_addresses(backend)
        yield from _not_created(backend)


def _greedy() -> Messages:
    """Report a backend before ours that Django also asks about Corbado's proof.

    Django passes over a backend whose ``authenticate()`` does not take these arguments. One that
    takes any may raise an error for credentials that are not its own, as django-passkeys does.
    """
    before = []
    for path in settings.AUTHENTICATION_BACKENDS:
        found = _imported(path)
        if found in _ours():
            break
        if isinstance(found, type) and _takes_anything(found):
            before.append(path)
    if before and _ours():
        yield Warning(
            f"AUTHENTICATION_BACKENDS has {', '.join(before)} before our backend. It takes any "
            "credentials, so Django asks it at each sign-in through Corbado, which fails if it "
            "raises an error.",
            hint="Put our backend, or your subclass, first in AUTHENTICATION_BACKENDS. If that "
            f'backend returns None for what it does not know, add "{ids.GREEDY_BACKEND_FIRST}" to '
            "SILENCED_SYSTEM_CHECKS.",
            id=ids.GREEDY_BACKEND_FIRST,
        )


def _takes_anything(backend: type) -> bool:
    """Return whether Django would ask this backend about a Corbado user."""
    definer = next((each for each in backend.__mro__ if "authenticate" in vars(each)), object)
    if definer.__module__.partition(".")[0] in ABSTAIN:
        return False
    try:
        inspect.signature(backend.authenticate).bind(None, None, corbado_user=None)  # type: ignore[attr-defined]
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def _ours() -> list[type[CorbadoBackend]]:
    from corbado_auth.backends import CorbadoBackend

    found = map(_imported, settings.AUTHENTICATION_BACKENDS)
    return [each for each in found if isinstance(each, type) and issubclass(each, CorbadoBackend)]


def _unanswered(backend: type[CorbadoBackend]) -> Messages:
    """Ask whether users have proved that they own their addresses, unless a class answers."""
    if conf.uses_connect_alone():
        return  # Its handles need no address.
    site = str(settings.ROOT_URLCONF).partition(".")[0]
    if backend.local_emails_are_verified is None and backend.match_by_email:
        yield Warning(
            "Has every local user proved that they own the address in the email field? Existing "
            "users are linked by it. Until this is answered, no passkeys are added for it, and "
            "nobody is imported.",
            hint="True if every address here was confirmed by a mailed link before it counted. "
            "False if people could register with any address, or if you do not know: linking then "
            "ends other sessions and makes the password unusable. Put your answer into "
            f'{site}/backends.py, and write "{site}.backends.MyBackend" in '
            "AUTHENTICATION_BACKENDS instead of our backend:\n"
            "    from corbado_auth.backends import CorbadoBackend\n"
            "    class MyBackend(CorbadoBackend):\n"
            "        local_emails_are_verified = True",
            id=ids.EMAILS_UNANSWERED,
        )


def _without_addresses(backend: type[CorbadoBackend]) -> Messages:
    """Report that nobody can be recognised by an address."""
    from django.contrib.auth import get_user_model

    from corbado_auth.local_users import email_field_name

    if not backend._finds_by_address() or email_field_name() is not None:
        return
    model = get_user_model()
    yield Warning(
        f"{model.__name__} has no field {model.get_email_field_name()!r}, so people who come from "
        "Corbado for the first time cannot be recognised, and are refused.",
        hint=f'Set EMAIL_FIELD = "…" on {model.__name__} to the field that has the address; or, on '
        "your backend, write match_user(), or match_by_email = False if nobody is to be recognised "
        "(existing users then get a second, empty account).",
        id=ids.EMAIL_FIELD_MISSING,
    )


def _not_created(backend: type[CorbadoBackend]) -> Messages:
    """Report fields that a new user needs and that we have no value for."""
    from django.contrib.auth import get_user_model

    from corbado_auth.backends import CorbadoBackend
    from corbado_auth.new_users import fields_without_value

    is_own = backend.create_user is not CorbadoBackend.create_user
    if not backend.create_unknown_user or is_own or conf.uses_connect_alone():
        return
    if names := fields_without_value():
        model = get_user_model()
        yield Warning(
            f"New people cannot be created: {model.__name__} needs a value for {', '.join(names)}.",
            hint="Write create_user(self, corbado_user) on your backend and save a user with all "
            "values; or give the fields a default, or null=True; or set create_unknown_user = "
            "False.",
            id=ids.NEW_USERS_INCOMPLETE,
        )


def _second_factor(backend: type[CorbadoBackend]) -> Messages:
    """Ask who has a second factor where an app brings one that only its own sign-in asks for."""
    from corbado_auth.backends import CorbadoBackend

    app = next((name for name in SECOND_FACTORS if apps.is_installed(name)), "")
    if app and backend.has_second_factor is CorbadoBackend.has_second_factor:
        yield Warning(
            f"{app} only asks for a second factor at its own sign-in: a link by email, or a "
            "password on our login page, gets past it.",
            hint="Write has_second_factor(self, user) in your backend: return "
            f"{SECOND_FACTORS[app]}. Set second_factor_url there, too. See the documentation page "
            '"Beside other apps".',
            id=ids.SECOND_FACTOR_UNANSWERED,
        )
    if backend.second_factor_url and not _is_url(backend.second_factor_url):
        yield Warning(
            f"second_factor_url of {backend.__name__} is {backend.second_factor_url!r}, but no "
            "URL has this name: people with a second factor are refused without a way on.",
            hint="Name the page that asks for password and second factor: the name of its URL, or "
            "a path that begins with /.",
            id=ids.SECOND_FACTOR_UNANSWERED,
        )


def _is_url(url: str) -> bool:
    if not getattr(settings, "ROOT_URLCONF", None):
        return True  # Names cannot be looked up.
    try:
        return bool(resolve_url(url))
    except NoReverseMatch:
        return False


def _imported(path: str) -> object | None:
    try:
        found: object = import_string(path)
    except Exception:  # noqa: BLE001 -- a module that is imported may raise anything
        return None
    return found


def _is_subclass(found: object, base: type) -> bool:
    return isinstance(found, type) and issubclass(found, base)
