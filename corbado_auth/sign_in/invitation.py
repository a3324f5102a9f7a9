"""The invitation that a browser has accepted: a link by email with which staff link their account.

Nothing happens when the link is opened, since mail scanners open links, too. Accepting it leaves a
cookie, and the next sign-in through Corbado uses it up.
"""

from __future__ import annotations

from django.http import HttpRequest

from corbado_auth.telemetry import SecretText

from .signed_cookies import SignedCookie

__all__ = ["cookie", "secret_of"]

HALF_AN_HOUR = 30 * 60

cookie = SignedCookie("corbado_auth_invitation", max_age=HALF_AN_HOUR)


def secret_of(request: HttpRequest) -> SecretText:
    """Return the secret of the accepted invitation, or an empty string."""
    value = cookie.read(request) or {}
    return SecretText(value.get("secret", ""))
