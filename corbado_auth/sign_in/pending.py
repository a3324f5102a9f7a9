"""The verified result that waits for a click on the confirm page.

It waits in a signed cookie of its own, never in the session: two tabs, session fixation, Strict
cookies and a row for every visitor speak against that. It holds who Corbado vouched for, never the
token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import get_random_string

from corbado_auth.identity import CorbadoEmail, CorbadoUser

from .signed_cookies import SignedCookie

__all__ = ["PendingSignIn"]

FIVE_MINUTES = 5 * 60

cookie = SignedCookie("corbado_auth_pending", max_age=FIVE_MINUTES)


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """Hold what the confirm page asks about.

    ``id`` is random and repeated by the form: with two tabs, the button must not sign in the person
    of the other tab. ``token_digest`` lets a reload of the redirect URL go on afterwards.
    """

    id: str
    corbado_user: CorbadoUser
    next: str
    token_digest: str

    @classmethod
    def from_request(cls, request: HttpRequest) -> PendingSignIn | None:
        """Return what waits in this browser, or None.

        A result from before a sign-in or sign-out of any kind is void.
        """
        value = cookie.read(request)
        if value is None or value.get("signed_in") != _signed_in(request):
            return None
        try:
            return cls(
                id=_text(value["id"]),
                corbado_user=_unpack(value["user"]),
                next=_text(value["next"]),
                token_digest=_text(value["digest"]),
            )
        except (KeyError, TypeError, ValueError):
            return None  # Another release of ours wrote it.


def store(
    request: HttpRequest,
    response: HttpResponseBase,
    corbado_user: CorbadoUser,
    *,
    next_url: str,
    token_digest: str,
) -> None:
    """Let a verified result wait in the browser; raises TooLargeError if it does not fit."""
    cookie.write(
        response,
        {
            "id": get_random_string(22),
            "user": _pack(corbado_user),
            "next": next_url,
            "digest": token_digest,
            "signed_in": _signed_in(request),
        },
    )


def _signed_in(request: HttpRequest) -> str:
    return str(request.user.pk) if request.user.is_authenticated else ""


def _pack(user: CorbadoUser) -> dict[str, Any]:
    """Keep what mapping needs: an unconfirmed address is nobody's and stays out."""
    return {
        "id": user.id,
        "name": user.full_name,
        "status": user.status,
        "emails": [[email.address, email.status] for email in user.emails if email.is_verified],
    }


def _unpack(value: dict[str, Any]) -> CorbadoUser:
    return CorbadoUser(
        id=_text(value["id"]),
        full_name=_text(value["name"]),
        emails=tuple(
            CorbadoEmail(_text(address), _text(status)) for address, status in value["emails"]
        ),
        status=_text(value["status"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value
