"""Verifying what a passkey login of Connect gives the page, before and by asking Corbado."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from corbado_auth.conf import conf
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.events import log_event
from corbado_auth.exceptions import InvalidPasskeyData
from corbado_auth.json_views import Refusal, too_many_attempts
from corbado_auth.throttle import Attempt

from .signed_data import SignedPasskeyData, read_signed_data

__all__ = ["readable", "refused", "verify"]


@sensitive_variables()
def readable(value: object) -> SignedPasskeyData:
    """Check form, project and time, which takes no call and uses nothing up; may raise Refusal."""
    data = read_signed_data(value)
    if data is None:
        raise _invalid("malformed")
    if data.project_id != conf.CORBADO_CONNECT_PROJECT_ID:
        raise _invalid("other_project")
    if data.has_expired:
        raise _invalid("expired")
    return data


def verify(request: HttpRequest, data: SignedPasskeyData, handle: str, *, visitor: str) -> None:
    """Ask Corbado, unless too many attempts from this address have failed; may raise Refusal."""
    attempt = Attempt(request, visitor=visitor)
    if not attempt.is_allowed:
        raise too_many_attempts()
    try:
        with attempt.counted():
            ConnectService().verify_signed_data(data.token, handle)
    except InvalidPasskeyData as error:
        log_event(
            logging.INFO,
            "Sign-in failed: %s",
            error,
            event="sign_in_failed",
            reason="not_verified",
            corbado_user_id=data.corbado_user_id,
        )
        raise _invalid("not_verified", 401) from None


def refused() -> Refusal:
    """Return the refusal of a person, with the same sentence for all; the reason is logged."""
    message = gettext("You cannot sign in with this passkey here. Use your password.")
    return Refusal("refused", message, 403)


def _invalid(code: str, status: int = 400) -> Refusal:
    """Return the refusal of data that Corbado does not vouch for, or would not."""
    message = gettext("Your passkey could not be checked. Try again, or use your password.")
    return Refusal(code, message, status)
