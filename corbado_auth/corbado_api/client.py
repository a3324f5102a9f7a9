"""Calling Corbado's backend API, and turning bad answers into exceptions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from corbado_auth.conf import conf, read_timeout
from corbado_auth.db_connections import release_to_ask
from corbado_auth.exceptions import CorbadoError, CorbadoRejected, CorbadoUnavailable

from . import responses

if TYPE_CHECKING:
    from .transport import Endpoint, Reply

__all__ = ["Answer", "Client"]

# Error types (API notes 1.2) that only the operator can fix, whatever their status is.
OUR_CONFIGURATION = {"login_error", "project_id_mismatch", "invalid_json", "invalid_origin"}
TRY_LATER = {408, 425, 429}

T = TypeVar("T")


class Client:
    """A client of Corbado's backend API.

    Arguments that are left out come from the settings, at each call: ``CORBADO_PROJECT_ID``,
    ``CORBADO_API_SECRET``, ``CORBADO_BACKEND_API_URL`` and ``CORBADO_TIMEOUT``.

    Every method returns one of our own types or raises a CorbadoError. A call lasts at most the
    sum of both time-outs plus one second; only name resolution is not bounded.
    """

    @sensitive_variables("api_secret")
    def __init__(
        self,
        *,
        project_id: str = "",
        api_secret: str = "",
        base_url: str = "",
        timeout: float | tuple[float, float] | None = None,
    ) -> None:
        self._project_id = project_id
        self._api_secret = api_secret
        self._base_url = base_url.rstrip("/")
        self._timeout = read_timeout(timeout)
        if timeout is not None and self._timeout is None:
            raise ValueError("timeout must be a number of seconds above 0, or (connect, read)")

    def _configured_project(self) -> str:
        """Return the project ID from the settings."""
        return conf.CORBADO_PROJECT_ID

    def _configured_secret(self) -> str:
        """Return the API secret from the settings."""
        return conf.CORBADO_API_SECRET

    def _configured_key(self) -> str:
        """Return the key that replaces project and secret, or an empty string."""
        return ""

    @sensitive_variables("body")
    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, resend: bool = True
    ) -> Answer:
        from . import transport

        endpoint = self._endpoint()
        release_to_ask()
        return Answer(transport.ask(endpoint, method, path, body, resend=resend))

    def _prepare(self) -> None:
        """Load what the first call needs, the HTTP client and the CA bundle, without a call."""
        from . import transport

        transport.prepare(self._endpoint())

    def _endpoint(self) -> Endpoint:
        # Not at the top: the HTTP client takes longer to import than the whole app, and neither a
        # starting site nor a command that does not call Corbado should wait for it.
        from . import transport

        return transport.Endpoint(
            base_url=self._base_url or conf.CORBADO_BACKEND_API_URL,
            project_id=self._project_id or self._configured_project(),
            api_secret=self._api_secret or self._configured_secret(),
            api_key="" if self._api_secret else self._configured_key(),
            timeout=self._timeout or conf.CORBADO_TIMEOUT,
        )


class Answer:
    """A reply from Corbado: its content, or the exception that it amounts to."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers: Mapping[str, str] = reply.headers
        try:
            # As text: bytes would be accepted in any Unicode encoding, lone surrogates included,
            # but JSON is sent only as UTF-8 (RFC 8259, section 8.1).
            self._json: Any = json.loads(str(reply.body, "utf-8"))
        except (ValueError, RecursionError):
            self._json = None

    @cached_property
    def _failure(self) -> responses.Failure:
        """Return what is wrong; looked at only where something is."""
        return responses.read_failure(self._json)

    @property
    def date(self) -> datetime | None:
        """Return Corbado's time when it answered."""
        return _http_date(self.headers.get("Date", ""))

    def blames_the_token(self) -> bool:
        """Return whether Corbado objects to the token, not to the site.

        Some of Corbado's 404 bodies name no type (API notes 1.2).
        """
        return self.says_not_found() or (self.blames("token") and self._failure.is_envelope)

    def says_not_found(self) -> bool:
        """Return whether this is Corbado's own 404, not one of a proxy in between."""
        if self.status != 404:
            return False
        return self._failure.is_envelope and self._failure.error_type in {"", "not_found"}

    def blames(self, field: str) -> bool:
        """Return whether Corbado objects to this field of the request."""
        if self.status == 200:
            return False
        return self._failure.error_type == "validation_error" and field in self._failure.fields

    @property
    def is_taken(self) -> bool:
        """Return whether Corbado refuses because the object exists already."""
        return self.status != 200 and self._failure.is_taken

    @sensitive_variables()  # The readers' frames contain personal data.
    def read(self, reader: Callable[[responses.Json], T]) -> T:
        """Return the result of ``reader`` for a good answer; raise the fitting error otherwise."""
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
        """Raise an error with everything that support asks for, and nothing secret."""
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
                "Corbado rejects this site: check CORBADO_PROJECT_ID, CORBADO_API_SECRET and "
                "CORBADO_BACKEND_API_URL (manage.py corbado_doctor helps)",
            )
        if failure.is_envelope and 400 <= self.status < 500 and self.status not in TRY_LATER:
            fields = ", ".join(sorted(failure.fields)[:5])
            reason = f" because of {fields}" if fields else ""
            self.refuse(CorbadoRejected, f"Corbado rejects the request{reason}")
        self.refuse(
            CorbadoUnavailable,
            "Corbado gave no proper answer",
            retry_after=_seconds(self.headers.get("Retry-After", "")),
        )


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if timezone.is_aware(moment) else None


def _seconds(retry_after: str) -> int | None:
    """Parse Retry-After, seconds or a date (RFC 9110, section 10.2.3)."""
    if retry_after.isascii() and retry_after.isdigit():
        return int(retry_after[:9])
    moment = _http_date(retry_after)
    return max(0, round((moment - datetime.now(UTC)).total_seconds())) if moment else None
