"""The last steps of a sign-in, shared by the redirect view and the confirm page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from corbado_auth import session
from corbado_auth.http import SeeOther
from corbado_auth.identity import CorbadoUser
from corbado_auth.next_url import first_page
from corbado_auth.notices import note_browser

from . import intent, invitation, pending, retries

__all__ = ["led_to", "redirect_signed_in", "reloaded_next", "sign_in"]

# In the session: which token created it, and where the sign-in led to.
SESSION_KEY = "_corbado_auth_reload"


def sign_in(
    request: HttpRequest,
    corbado_user: CorbadoUser,
    *,
    next_url: str,
    token_digest: str,
    local_user: AbstractBaseUser | None = None,
) -> SeeOther | None:
    """Create the session and redirect, or return None for a person who may not sign in here.

    ``local_user`` has just entered their password: the two get linked.
    """
    proof: dict[str, Any] = {"corbado_user": corbado_user}
    # The backend reads it: a link by email lets one staff member link their account.
    request.corbado_invitation = invitation.secret_of(request)  # type: ignore[attr-defined]
    if local_user is not None:
        proof["local_user"] = local_user
    target = next_url or first_page()
    if session.sign_in(request, values={SESSION_KEY: [token_digest, target]}, **proof) is None:
        return None
    response = redirect_signed_in(request, target)
    note_browser(request, response)
    return response


def redirect_signed_in(request: HttpRequest, next_url: str) -> SeeOther:
    """Redirect a signed-in person, and clear what was stored in the browser.

    Without a Referer: it would still be the login page's, with a magic link's parameters in it.
    """
    response = SeeOther(next_url or first_page())
    intent.cookie.drop(request, response)
    pending.cookie.drop(request, response)
    retries.cookie.drop(request, response)
    pending.unfinished.drop(request, response)
    invitation.cookie.drop(request, response)
    # Enough for every cache (RFC 9111, section 5.2.2.5); this is on the path of every sign-in.
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def led_to(request: HttpRequest) -> str:
    """Return where this session's sign-in led to, or an empty string."""
    if not request.user.is_authenticated:
        return ""
    _digest, target = request.session.get(SESSION_KEY, ("", ""))
    return str(target)


def reloaded_next(request: HttpRequest, token_digest: str) -> str:
    """Return where a token led to if it signed in this very session, or an empty string."""
    if not request.user.is_authenticated:
        return ""
    digest, target = request.session.get(SESSION_KEY, ("", ""))
    return target if constant_time_compare(digest, token_digest) else ""
