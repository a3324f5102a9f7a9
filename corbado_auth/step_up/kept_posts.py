"""Forms that are kept while their senders sign in again.

The fields are in the session, which survives the sign-in. A signed cookie says which browser sent
the form: a thief with a copy of the session could otherwise leave a form there for its owner to
confirm.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.http import urlencode

from corbado_auth.sessions.stores import are_in_cookies
from corbado_auth.sign_in.signed_cookies import SignedCookie

__all__ = ["KeptPost"]

SESSION_KEY = "_corbado_auth_kept_post"
TEN_MINUTES = 10 * 60
MAX_BYTES = 64 * 1024
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
# Names of fields that must not be stored in a session: a form with one is not kept.
SECRET = re.compile(
    r"pass|secret|token|credential|card|signature|kennwort|wachtwoord|contrase"
    r"|(?:security|recovery|backup)[_-]?code|api[_-]?key"
    r"|(?<![a-z])(?:pwd|pin|otp|totp|mfa|cvv|cvc|csc|iban|ssn)(?![a-z])",
    re.IGNORECASE,
)
CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

cookie = SignedCookie("corbado_auth_post", max_age=TEN_MINUTES)


@dataclass(frozen=True, slots=True)
class KeptPost:
    """A kept form: where it was sent, its fields, and how recent a sign-in it needs."""

    path: str
    fields: list[tuple[str, str]]
    max_age: float

    @classmethod
    def from_request(cls, request: HttpRequest) -> KeptPost | None:
        """Return the form that this browser sent and this session keeps, or None."""
        kept, shown = request.session.get(SESSION_KEY), cookie.read(request)
        if not kept or _is_over(request, kept) or not shown:
            return None
        if not constant_time_compare(str(shown.get("id")), kept["id"]):
            return None
        fields = [(name, value) for name, value in kept["fields"]]
        return cls(kept["path"], fields, kept["max_age"])


def keep(request: HttpRequest, response: HttpResponseBase, max_age: float) -> bool:
    """Keep the form of this request; return False if it has to be filled in again.

    Forms with files, or with fields that look like passwords, are not kept, nor is more than 64 kB.
    """
    fields = _fields(request)
    if fields is None:
        return False
    kept: dict[str, Any] = {
        "id": get_random_string(22),
        "path": request.get_full_path(),
        "fields": fields,
        "max_age": max_age,
        "at": int(time.time()),
    }
    request.session[SESSION_KEY] = kept
    cookie.write(response, {"id": kept["id"]})
    return True


def forget(request: HttpRequest) -> None:
    """Forget the form if this request sends it."""
    kept = request.session.get(SESSION_KEY)
    if kept and not _is_over(request, kept) and kept["path"] == request.get_full_path():
        del request.session[SESSION_KEY]


def _is_over(request: HttpRequest, kept: dict[str, Any]) -> bool:
    """Return whether a form is too old, and forget it then."""
    if time.time() - kept["at"] <= TEN_MINUTES:
        return False
    del request.session[SESSION_KEY]
    return True


def _fields(request: HttpRequest) -> list[tuple[str, str]] | None:
    if request.content_type not in FORMS or request.FILES or are_in_cookies():
        return None
    # Set by sensitive_post_parameters, if that is applied above our decorator.
    sensitive = getattr(request, "sensitive_post_parameters", ())
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    if sensitive == "__ALL__" or any(
        name in sensitive or SECRET.search(CAMEL_CASE.sub("_", name)) for name, _value in fields
    ):
        return None
    return fields if len(urlencode(fields)) <= MAX_BYTES else None
