"""The site's session store: finding a person's sessions, and deleting them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.core.exceptions import FieldDoesNotExist
from django.db import router
from django.db.models import Model, QuerySet
from django.utils import timezone

__all__ = ["NotSearchable", "are_in_cookies", "delete", "named_user", "pages", "read"]

PAGE = 2000


class NotSearchable(Exception):
    """The session store cannot be searched; the text says why."""


def engine() -> type[SessionBase]:
    """Return the site's session class."""
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return store


def are_in_cookies() -> bool:
    """Return whether sessions are stored in browsers, where nothing can delete them."""
    from django.contrib.sessions.backends import signed_cookies

    return issubclass(engine(), signed_cookies.SessionStore)


def named_user() -> QuerySet[Any] | None:
    """Return the sessions of an engine whose rows have a user, or None for other engines.

    django-qsessions and django-user-sessions have such rows.
    """
    if engine() is db.SessionStore:
        return None  # Most sites: nothing has to be looked up at every sign-in.
    model = _model()
    try:
        if model is None or not model._meta.get_field("user").is_relation:
            return None
    except FieldDoesNotExist:
        return None
    return _rows(model)


def delete(keys: Collection[str]) -> int:
    """Delete sessions by their keys; return how many existed."""
    if not keys:
        return 0
    kind, model = engine(), _model()
    if model is None:
        return sum(_delete_one(kind, key) for key in keys)
    found = model._base_manager.using(router.db_for_write(model)).filter(session_key__in=keys)
    # Not one by one: that would take two statements each. And rows first, or a request in flight
    # would bring one back into the cache.
    number = found.delete()[1].get(model._meta.label, 0)
    prefix = getattr(kind, "cache_key_prefix", None)
    if prefix is not None:
        caches[settings.SESSION_CACHE_ALIAS].delete_many([prefix + key for key in keys])
    return number


def read(keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """Read sessions by their keys; those that no longer exist are left out."""
    kind, model = engine(), _model()
    if model is None:
        found = dict(_load(kind, key) for key in keys)
        return {key: data for key, data in found.items() if data}
    rows = _rows(model).filter(session_key__in=keys).values_list("session_key", "session_data")
    decode = kind().decode
    return {key: decode(data) for key, data in rows}


def pages(limit: int | None = None) -> Iterator[list[tuple[str, str]]]:
    """Yield every session in pages, as (key, primary key of its user or an empty string).

    With a limit, at most that many, latest first if the engine can tell. Raises NotSearchable if
    sessions cannot be listed.
    """
    # Not at the top: every process imports this module, and few have sessions in files.
    from django.contrib.sessions.backends import cache, file

    kind, model = engine(), _model()
    if model is not None:
        sessions = _in_rows(kind, model, limit)
    elif issubclass(kind, file.SessionStore):
        sessions = _in_files(kind)
    elif issubclass(kind, cache.SessionStore):
        sessions = _in_cache(kind)
    elif are_in_cookies():
        raise NotSearchable("sessions are stored in cookies, which cannot be deleted from here")
    else:
        raise NotSearchable(f"{settings.SESSION_ENGINE} cannot list its sessions")
    whose = ((key, str(data.get(SESSION_KEY, ""))) for key, data in islice(sessions, limit))
    while page := list(islice(whose, PAGE)):
        yield page


def _model() -> type[Model] | None:
    """Return the model of an engine that stores rows."""
    kind: Any = engine()
    if issubclass(kind, db.SessionStore):
        model: type[Model] = kind.get_model_class()
        return model
    # Not based on Django's.
    app, name = "user_sessions", "Session"
    return apps.get_model(app, name) if settings.SESSION_ENGINE.startswith(f"{app}.") else None


def _rows(model: type[Model]) -> QuerySet[Any]:
    """Return the rows that have not expired, from the database for writing."""
    rows = model._base_manager.using(router.db_for_write(model))
    return rows.filter(expire_date__gt=timezone.now())


def _in_rows(
    kind: type[SessionBase], model: type[Model], limit: int | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    decode = kind().decode
    rows = _rows(model).values_list("session_key", "session_data")
    if limit is not None:
        for key, data in rows.order_by("-expire_date")[:limit]:
            yield key, decode(data)
        return
    last = ""
    # Page by page: server-side cursors do not work with every connection pool.
    while page := list(rows.filter(session_key__gt=last).order_by("session_key")[:PAGE]):
        for key, data in page:
            yield key, decode(data)
        last = page[-1][0]


def _in_files(kind: type[SessionBase]) -> Iterator[tuple[str, dict[str, Any]]]:
    store: Any = kind()
    for name in os.listdir(store.storage_path):
        if name.startswith(store.file_prefix):
            yield _load(kind, name.removeprefix(store.file_prefix))


def _in_cache(kind: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    prefix = kind.cache_key_prefix
    for name in _names_in_cache(prefix):
        yield _load(kind, name.rpartition(prefix)[2])


def _names_in_cache(prefix: str) -> Iterable[str]:
    """Return the cache keys with this prefix; most caches cannot list them."""
    store: Any = caches[settings.SESSION_CACHE_ALIAS]
    if hasattr(store, "iter_keys"):  # django-redis, django-valkey
        names: Iterable[str] = store.iter_keys(f"{prefix}*")
        return names
    from django.core.cache.backends.redis import RedisCache

    if isinstance(store, RedisCache):
        # Django has no way to list keys, but redis-py does.
        client: Any = store._cache.get_client()
        pattern = f"{store.make_key(prefix)}*"
        return (name.decode() for name in client.scan_iter(match=pattern, count=PAGE))
    raise NotSearchable(
        f"sessions are in a cache that cannot list its keys ({type(store).__name__})"
    )


def _load(kind: type[SessionBase], key: str) -> tuple[str, dict[str, Any]]:
    session: Any = kind(key)
    # For an expired session, the file engine creates a new, empty one.
    session.create = lambda: None
    return key, session.load()


def _delete_one(kind: type[SessionBase], key: str) -> bool:
    was_there = kind().exists(key)
    kind(key).delete(key)
    return was_there
