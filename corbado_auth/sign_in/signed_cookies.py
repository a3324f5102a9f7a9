"""Short-lived state in signed cookies, which needs no database row."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from corbado_auth.conf import own_project_id
from corbado_auth.http import exact_cookies

__all__ = ["SignedCookie", "TooLargeError"]

# Browsers drop a cookie whose name and value are over 4096 bytes (RFC 6265, section 6.1).
MAX_SIZE = 4000


class TooLargeError(ValueError):
    """The value does not fit into a cookie."""


class SignedCookie:
    """A JSON value stored in the browser: HttpOnly, SameSite=Lax, for the whole host."""

    def __init__(self, name: str, *, max_age: int) -> None:
        """Name the cookie; ``max_age`` is in seconds and is checked on our side, too.

        With "auth" in its name, Django's error reports hide the value, which their readers could
        otherwise use while it is fresh.
        """
        self._name = name
        self._salt = f"corbado_auth.{name}"
        self.max_age = max_age

    @property
    def name(self) -> str:
        """Return the name; with ``__Host-`` if and only if SESSION_COOKIE_SECURE is on.

        The prefix keeps sub-domains from planting a cookie of theirs; the other name is never read.
        Two sites below one host differ in SECRET_KEY, and so in the name: the cookie has to be for
        the whole host, and neither site may overwrite the other's. The same holds for two projects
        of one site.
        """
        return self._known_names()[0]

    @property
    def salt(self) -> str:
        """Return the salt for this project: what one has vouched for is void at another."""
        project_id = own_project_id()
        return f"{self._salt}.{project_id}" if project_id else self._salt

    def _known_names(self) -> list[str]:
        """Return the name, and those under keys that are being rotated out."""
        begins = f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}{self._name}_"
        project_id = own_project_id()
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        return [f"{begins}{_digest(key, project_id)}" for key in keys]

    def read(self, request: HttpRequest, *, max_age: int | None = None) -> dict[str, Any] | None:
        """Return the value, or None for an absent, forged, broken or expired cookie.

        ``max_age`` is for a use that ends earlier than the cookie.
        """
        sent = next(iter(self._sent(request).values()), "")
        if not sent:
            return None
        try:
            value = signing.loads(sent, salt=self.salt, max_age=max_age or self.max_age)
        except (signing.BadSignature, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write(self, response: HttpResponseBase, value: dict[str, Any]) -> None:
        """Store the value; raises TooLargeError for one that no browser would keep."""
        signed = signing.dumps(value, salt=self.salt, compress=True)
        if len(self.name) + len(signed) > MAX_SIZE:
            raise TooLargeError(f"{len(signed)} bytes do not fit into a cookie")
        response.set_cookie(
            self.name,
            signed,
            max_age=self.max_age,
            path="/",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )

    def drop(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Tell the browser to delete the value that it sent."""
        for name in self._sent(request):
            response.delete_cookie(name, path="/", samesite="Lax")

    def _sent(self, request: HttpRequest) -> dict[str, str]:
        """Return what the browser sent under exactly our names, the newest key's first."""
        sent = exact_cookies(request)
        if not any(self._name in name for name in sent):
            return {}  # As most requests: our names take longer to make.
        return {name: sent[name] for name in self._known_names() if name in sent}


@lru_cache
def _digest(key: str | bytes, project_id: str) -> str:
    """Return what distinguishes this site's cookies from another site's on the same host."""
    digest = salted_hmac("corbado_auth.cookie_names", project_id, secret=key, algorithm="sha256")
    return digest.hexdigest()[:8]
