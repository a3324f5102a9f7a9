"""Backends for passwords as sites have them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.core.exceptions import PermissionDenied


def by_address(address: str | None) -> Any:
    return get_user_model()._default_manager.filter(email__iexact=address or "").first()


class ByAddress(ModelBackend):
    """Finds people by address, in a parameter named ``username``."""

    def authenticate(  # type: ignore[override]
        self, request: object, username: str | None = None, password: str | None = None
    ) -> Any:
        user = by_address(username)
        return user if user and user.check_password(password) else None


class ByEmail(ModelBackend):
    """Finds people by their address, and says so."""

    def authenticate(  # type: ignore[override]
        self, request: object, email: str | None = None, password: str | None = None
    ) -> Any:
        user = by_address(email)
        return user if user and user.check_password(password) else None


class TakesAnything(ModelBackend):
    """Takes any arguments and picks what it needs, as django-allauth's does."""

    def authenticate(self, request: object, **credentials: Any) -> Any:  # type: ignore[override]
        user = by_address(credentials.get("email"))
        return user if user and user.check_password(credentials["password"]) else None


class HandsOn(ModelBackend):
    """Passes all arguments to a method of its own, as django-oscar's does."""

    def _authenticate(
        self, request: object, email: Any = None, password: Any = None, **kwargs: Any
    ) -> Any:
        user = by_address(email or kwargs.get("username"))
        return user if user and user.check_password(password) else None

    def authenticate(self, *args: Any, **kwargs: Any) -> Any:
        return self._authenticate(*args, **kwargs)


class Directory(BaseBackend):
    """Keeps the passwords elsewhere, as LDAP does."""

    def authenticate(  # type: ignore[override]
        self, request: object, username: str | None = None, password: str | None = None
    ) -> Any:
        user = get_user_model()._default_manager.filter(username=username).first()
        return user if password == "in the directory" else None

    def get_user(self, user_id: Any) -> Any:
        return get_user_model()._default_manager.get(pk=user_id)


class Guard(BaseBackend):
    """Signs no one in, but may refuse, as django-axes does."""

    def authenticate(  # type: ignore[override]
        self, request: object, username: str | None = None, password: str | None = None
    ) -> Any:
        if password == "one too many":
            raise PermissionDenied


class Link(ModelBackend):
    """Signs in by a mailed link."""

    def authenticate(self, request: object, link: str = "") -> Any:  # type: ignore[override]
        raise AssertionError("nobody is asked for a link here")


class SingleSignOn(ModelBackend):
    """Takes any arguments, but no password."""

    def authenticate(self, request: object, **kwargs: Any) -> Any:  # type: ignore[override]
        return None
