"""The verified result that waits for a click on the confirm page, or for another proof.

It waits in a signed cookie of its own, never in the session: two tabs, session fixation, Strict
cookies and a row for every visitor speak against that. It holds who Corbado vouched for, never the
token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import get_random_string

from corbado_auth.identity import CorbadoEmail, CorbadoUser

from .signed_cookies import SignedCookie, TooLargeError

__all__ = ["PendingSignIn", "keep", "new_id", "store"]

logger = logging.getLogger("corbado_auth")

FIVE_MINUTES = 5 * 60
# A mail has to arrive meanwhile.
FIFTEEN_MINUTES = 15 * 60

cookie = SignedCookie("corbado_auth_pending", max_age=FIVE_MINUTES)
# Of somebody whom the site did not let in, and who may go on with a password or a mailed link.
unfinished = SignedCookie("corbado_auth_unfinished", max_age=FIFTEEN_MINUTES)


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """Hold what the confirm page asks about.

    ``id`` is random and repeated by the form: with two tabs, the button must not sign in the person
    of the other tab. ``token_digest`` lets a reload of the redirect URL go on afterwards.
    ``takes_password`` and ``link_id`` are of somebody who is unfinished: a password may link them,
    and a link with this ID was mailed.
    """

    id: str
    corbado_user: CorbadoUser
    next: str
    token_digest: str
    takes_password: bool = False
    link_id: str = ""

    @classmethod
    def from_request(
        cls, request: HttpRequest, *, kept_in: SignedCookie = cookie
    ) -> PendingSignIn | None:
        """Return what waits in this browser, or None.

        A result from before a sign-in or sign-out of any kind is void.
        """
        value = kept_in.read(request)
        if value is None or value.get("signed_in") != _signed_in(request):
            return None
        try:
            return cls(
                id=_text(value["id"]),
                corbado_user=_unpack(value["user"]),
                next=_text(value["next"]),
                token_digest=_text(value["digest"]),
                takes_password=value.get("takes_password") is True,
                link_id=_text(value.get("link_id", "")),
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
    result = PendingSignIn(new_id(), corbado_user, next_url, token_digest)
    keep(request, response, result, in_cookie=cookie)


def new_id() -> str:
    """Return a random ID for a result."""
    return get_random_string(22)


def keep(
    request: HttpRequest,
    response: HttpResponseBase,
    result: PendingSignIn,
    *,
    in_cookie: SignedCookie,
) -> None:
    """Write a result into the browser; raises TooLargeError if it does not fit.

    A long ``next`` goes first: better to sign in and land on the first page than not at all.
    """
    value = {
        "id": result.id,
        "user": _pack(result.corbado_user),
        "next": result.next,
        "digest": result.token_digest,
        "signed_in": _signed_in(request),
        "takes_password": result.takes_password,
        "link_id": result.link_id,
    }
    try:
        in_cookie.write(response, value)
    except TooLargeError:
        logger.warning("A next of %d characters does not fit into a cookie", len(result.next))
        in_cookie.write(response, {**value, "next": ""})


def _signed_in(request: HttpRequest) -> str:
    return str(request.user.pk) if request.user.is_authenticated else ""


def _pack(user: CorbadoUser) -> dict[str, Any]:
    """Keep what mapping needs; an unconfirmed address opens nothing, but may be known here."""
    return {
        "id": user.id,
        "name": user.full_name,
        "status": user.status,
        "emails": [[email.address, email.status] for email in user.emails if email.address],
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
