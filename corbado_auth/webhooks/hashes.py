"""Verifying a password without upgrading its hash.

Django upgrades an old hash whenever its password is right, and a new hash ends all other sessions
of the user. A person whose password Corbado asks about would be signed out elsewhere, once after
each upgrade of Django; their hash is upgraded when they next sign in with the password here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.db.models.signals import pre_save

__all__ = ["connect", "hash_is_kept"]

# Primary key and hash of the user whose password is being verified.
_kept: ContextVar[tuple[Any, str] | None] = ContextVar("corbado_kept_hash", default=None)


@contextmanager
def hash_is_kept(user: AbstractBaseUser | None) -> Iterator[None]:
    """Let nothing but a new password change this user's hash meanwhile."""
    token = _kept.set((user.pk, user.password) if user is not None else None)
    try:
        yield
    finally:
        _kept.reset(token)


def connect() -> None:
    """Connect to all models of users: the site's manager may return several classes."""
    for model in filter(lambda each: issubclass(each, AbstractBaseUser), apps.get_models()):
        pre_save.connect(_keep, sender=model, dispatch_uid="corbado_auth.webhooks")


def _keep(instance: Any, update_fields: Collection[str] | None, **_signal: Any) -> None:
    """Put the old hash back before Django saves the upgraded one, which it does by itself."""
    kept = _kept.get()
    if kept is None:
        return
    if instance.pk == kept[0] and set(update_fields or ()) == {"password"}:
        instance.password = kept[1]
