"""What we ask Corbado, one question a method; no dict from the wire leaves this room."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from . import answers, transport
from .exceptions import CorbadoError, CorbadoRejected, CorbadoUnavailable, InvalidAuthToken
from .identity import ClientInfo, CorbadoUser

__all__ = ["CorbadoService"]

# Error types (contract 1.2) that only the operator can mend, whatever their status is.
OUR_CONFIGURATION = {"login_error", "project_id_mismatch", "invalid_json", "invalid_origin"}
TRY_LATER = {408, 425, 429}

T = TypeVar("T")


class CorbadoService:
    """Ask Corbado's backend API.

    Every method returns a value of ours or raises a CorbadoError. A call lasts at most the two
    time-outs of CORBADO_TIMEOUT plus one second; name resolution and headers that trickle in are
    not bounded.
    """

    @sensitive_variables("token", "body")
    def validate_auth_token(self, token: str, client_info: ClientInfo) -> CorbadoUser:
        """Spend an auth token and return the person that Corbado vouches for (contract 1.3).

        Raises InvalidAuthToken for an unknown, used or expired token: Corbado answers 404 for the
        first; that it does so for the other two is INFERRED.
        """
        body = {
            "token": token,
            "clientInfo": {
                "remoteAddress": client_info.remote_address,
                "userAgent": client_info.user_agent,
            },
        }
        answer = _Answer(transport.ask("POST", "/v1/authTokens/validate", body))
        if answer.blames_the_token():
            answer.refuse(InvalidAuthToken, "Corbado does not know this auth token")
        return answer.read(answers.read_validated_user)

    def project_config(self) -> tuple[answers.ProjectConfig, datetime | None]:
        """Return what Corbado has on file for the project, and Corbado's clock (contract 1.8)."""
        answer = _Answer(transport.ask("GET", "/v1/projectConfig"))
        return answer.read(answers.read_project_config), answer.date


class _Answer:
    """Read one reply: what it says, or whose failure it is."""

    def __init__(self, reply: transport.Reply) -> None:
        self.status = reply.status
        self.headers: Mapping[str, str] = reply.headers
        try:
            self._json: Any = json.loads(reply.body)
        except (ValueError, RecursionError):
            self._json = None
        self._failure = answers.read_failure(self._json)

    @property
    def date(self) -> datetime | None:
        """Return Corbado's clock at the time of the answer."""
        return _http_date(self.headers.get("Date", ""))

    def blames_the_token(self) -> bool:
        """Tell whether Corbado's objection is to the token, not to us.

        Some of Corbado's 404 bodies name no type (contract 1.2).
        """
        failure = self._failure
        unknown = self.status == 404 and failure.error_type in {"", "not_found"}
        malformed = failure.error_type == "validation_error" and "token" in failure.fields
        return failure.is_envelope and self.status != 200 and (unknown or malformed)

    def read(self, reader: Callable[[answers.Json], T]) -> T:
        """Return what ``reader`` makes of a good answer; raise what fits any other."""
        if self.status != 200:
            self._refuse_failure()
        problem = "it is not a JSON object"
        if isinstance(self._json, dict):
            try:
                return reader(self._json)
            except ValueError as error:
                problem = str(error)
        return self.refuse(CorbadoUnavailable, f"Corbado's answer cannot be read: {problem}")

    def refuse(self, error: type[CorbadoError], message: str, **more: Any) -> NoReturn:
        """Raise with everything that support asks for, and nothing that is secret."""
        raise error(
            message,
            status_code=self.status,
            error_type=self._failure.error_type,
            request_id=self._failure.request_id,
            **more,
        )

    def _refuse_failure(self) -> NoReturn:
        failure = self._failure
        if self.status in {401, 403} or failure.error_type in OUR_CONFIGURATION:
            self.refuse(
                CorbadoRejected,
                "Corbado refuses this site: check CORBADO_PROJECT_ID, CORBADO_API_SECRET and "
                "CORBADO_BACKEND_API_URL (manage.py corbado_doctor says more)",
            )
        if failure.is_envelope and 400 <= self.status < 500 and self.status not in TRY_LATER:
            fields = ", ".join(sorted(failure.fields)[:5]) or "no field"
            self.refuse(CorbadoRejected, f"Corbado rejects the request and names {fields}")
        self.refuse(
            CorbadoUnavailable,
            "Corbado gave no proper answer",
            retry_after=_seconds(self.headers.get("Retry-After", "")),
        )


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if timezone.is_aware(moment) else None


def _seconds(retry_after: str) -> int | None:
    """Read Retry-After, seconds or a date (RFC 9110, section 10.2.3)."""
    if retry_after.isascii() and retry_after.isdigit():
        return int(retry_after[:9])
    moment = _http_date(retry_after)
    return max(0, round((moment - timezone.now()).total_seconds())) if moment else None
