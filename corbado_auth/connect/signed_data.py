"""``signedPasskeyData``: what the page gets from a passkey login at Corbado (API notes C.3.3)."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from dataclasses import dataclass, field

from django.views.decorators.debug import sensitive_variables

from corbado_auth.handles import is_handle

__all__ = ["SignedPasskeyData", "read_signed_data"]

# Three parts of unpadded base64url; the sample has 889 characters.
FORM = re.compile(r"[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
CORBADO_USER_ID = re.compile(r"usr-[A-Za-z0-9-]{1,60}")
# Corbado decides about the time; our clock may be off by this much.
CLOCK_TOLERANCE = 60


class _Token(str):
    """A string whose repr hides it: Django's debug page shows every local variable."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<signedPasskeyData>"


@dataclass(frozen=True, slots=True)
class SignedPasskeyData:
    """The token and its claims, none of which are verified yet."""

    token: str = field(repr=False)
    project_id: str
    handle: str
    corbado_user_id: str
    expires_at: float

    @property
    def has_expired(self) -> bool:
        """Return whether it is too old, so that Corbado need not be asked."""
        # Negated, so that NaN counts as expired.
        return not self.expires_at > time.time() - CLOCK_TOLERANCE


@sensitive_variables("value")
def read_signed_data(value: object) -> SignedPasskeyData | None:
    """Parse the token without verifying it; return None if it is malformed."""
    found = FORM.fullmatch(value) if isinstance(value, str) else None
    claims = _claims(found[1]) if found else None
    if found is None or not isinstance(claims, dict):
        return None
    project_id, handle, expires_at = (claims.get(name) for name in ("iss", "webauthnId", "exp"))
    if not (isinstance(project_id, str) and isinstance(handle, str) and is_handle(handle)):
        return None
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        return None
    subject = claims.get("sub")
    known = isinstance(subject, str) and CORBADO_USER_ID.fullmatch(subject)
    return SignedPasskeyData(
        token=_Token(found[0]),
        project_id=project_id,
        handle=handle,
        corbado_user_id=str(subject) if known else "",
        expires_at=expires_at,
    )


def _claims(part: str) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
