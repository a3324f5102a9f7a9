"""A verified result that is pending a click on the confirm page, or another proof.

It is stored in its own signed cookie, not in the session, because of two tabs, session fixation,
Strict cookies, and a row for every visitor. It contains whom Corbado vouched for, never the token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import get_random_string

from corbado_auth.events import log_event
from corbado_auth.identity import CorbadoEmail, CorbadoUser

from .signed_cookies import SignedCookie, TooLargeError

__all__ = ["FIFTEEN_MINUTES", "PendingSignIn", "keep", "new_id", "pack", "store", "unpack"]


FIVE_MINUTES = 5 * 60
# Long enough for an email to arrive.
FIFTEEN_MINUTES = 15 * 60

# Good for a sign-in for the first five minutes; the rest of the time is for people who say "no".
cookie = SignedCookie("corbado_auth_pending", max_age=FIFTEEN_MINUTES)
# For people who were not let in, but may go on with a password or an emailed link.
unfinished = SignedCookie("corbado_auth_unfinished", max_age=FIFTEEN_MINUTES)


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A verified person who is not signed in yet.

    ``id`` is random and repeated by the form: with two tabs, the button must not sign in the person
    of the other tab. ``token_digest`` lets a reload of the redirect URL go on afterwards.
    ``takes_password``, ``link_id`` and ``has_opened_link`` are for people who have another step to
    take: a password may link them, a link with this ID was emailed, and its token is used up.
    """

    id: str
    corbado_user: CorbadoUser
    next: str
    token_digest: str
    takes_password: bool = False
    link_id: str = ""
    has_opened_link: bool = False

    @classmethod
    def from_request(
        cls, request: HttpRequest, *, kept_in: SignedCookie = cookie, max_age: int = FIVE_MINUTES
    ) -> PendingSignIn | None:
        """Return this browser's pending sign-in, or None.

        A result from before any sign-in or sign-out is void.
        """
        value = kept_in.read(request, max_age=max_age)
        if value is None or value.get("signed_in") != _signed_in(request):
            return None
        try:
            return cls(
                id=_text(value["id"]),
                corbado_user=unpack(value["user"]),
                next=_text(value["next"]),
                token_digest=_text(value["digest"]),
                takes_password=value.get("takes_password") is True,
                link_id=_text(value.get("link_id", "")),
                has_opened_link=value.get("has_opened_link") is True,
            )
        except (KeyError, TypeError, ValueError):
            return None  # Written by another release.


def store(
    request: HttpRequest,
    response: HttpResponseBase,
    corbado_user: CorbadoUser,
    *,
    next_url: str,
    token_digest: str,
) -> None:
    """Store a verified result in the browser; raises TooLargeError if it does not fit."""
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
        "user": pack(result.corbado_user),
        "next": result.next,
        "digest": result.token_digest,
        "signed_in": _signed_in(request),
        "takes_password": result.takes_password,
        "link_id": result.link_id,
        **({"has_opened_link": True} if result.has_opened_link else {}),
    }
    try:
        in_cookie.write(response, value)
    except TooLargeError:
        log_event(
            logging.WARNING,
            "A next of %d characters does not fit into a cookie",
            len(result.next),
            event="next_dropped",
            reason="too_long",
            corbado_user_id=result.corbado_user.id,
        )
        in_cookie.write(response, {**value, "next": ""})


def _signed_in(request: HttpRequest) -> str:
    return str(request.user.pk) if request.user.is_authenticated else ""


def pack(user: CorbadoUser) -> dict[str, Any]:
    """Return what the mapping needs, including unconfirmed addresses: they may be known here."""
    return {
        "id": user.id,
        "name": user.full_name,
        "status": user.status,
        "emails": [[email.address, email.status] for email in user.emails if email.address],
    }


def unpack(value: dict[str, Any]) -> CorbadoUser:
    """Return the Corbado user again; raises KeyError, TypeError or ValueError for another form."""
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
