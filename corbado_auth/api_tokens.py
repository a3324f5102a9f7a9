"""The tokens that a client of the JSON API gets after a sign-in, in place of a session cookie.

Which kind is decided by CORBADO_API_TOKEN, or by what is installed. The kinds that we know are in
``contrib.api_tokens``, which is imported only where one of them is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from .conf import conf

__all__ = ["TokenExchange"]

CONTRIB = "corbado_auth.contrib.api_tokens"


class TokenExchange:
    """How a site issues, accepts and revokes its own tokens; subclass it for another kind."""

    def issue(self, request: HttpRequest, user: Any) -> dict[str, Any]:
        """Return a new token: ``access``, and ``scheme``, the first word of Authorization.

        ``refresh`` and ``expires_at`` (ISO 8601) are optional. Runs in the transaction of the
        sign-in.
        """
        raise NotImplementedError

    def authenticate(self, request: HttpRequest) -> Any:
        """Return the user of the request's Authorization header.

        None if the header is not for this kind of token, or there is none; raises PermissionDenied
        for a token that is not valid.
        """
        raise NotImplementedError

    def revoke(self, request: HttpRequest, user: Any, refresh: str) -> None:
        """End the token of this request, as far as this kind can; ``refresh`` may be empty."""

    def revoke_all(self, user: Any) -> None:
        """End all tokens of a user, as far as this kind can: all their sessions are being ended."""


def exchange() -> TokenExchange | None:
    """Return the site's kind of tokens, or None if it has none."""
    path = conf.CORBADO_API_TOKEN
    if path is None:
        path = next(iter(_installed()), "")
    found: TokenExchange | None = import_string(path)() if path else None
    return found


def revoke_all(user: Any) -> None:
    """End all tokens of a user, on a site that includes the JSON API.

    On any other, tokens have nothing to do with signing in through Corbado.
    """
    try:
        reverse("corbado_auth_headless:session")
    except NoReverseMatch:
        return
    kind = exchange()
    if kind is not None:
        kind.revoke_all(user)


def _installed() -> Iterable[str]:
    """Yield what is installed, the safest first: tokens that are hashed here and can be revoked."""
    if apps.is_installed("knox"):
        yield f"{CONTRIB}.Knox"
    if _uses_simplejwt():
        yield f"{CONTRIB}.SimpleJWT"
    if apps.is_installed("rest_framework.authtoken"):
        yield f"{CONTRIB}.AuthToken"


def _uses_simplejwt() -> bool:
    """Return whether DRF accepts its tokens; it need not be in INSTALLED_APPS."""
    named = getattr(settings, "REST_FRAMEWORK", {}).get("DEFAULT_AUTHENTICATION_CLASSES", ())
    return apps.is_installed("rest_framework_simplejwt") or any(
        str(each).startswith("rest_framework_simplejwt.") for each in named
    )
