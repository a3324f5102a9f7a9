"""What we ask Corbado, one question a method; no dict from the wire leaves this room."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import quote, urlencode

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from corbado_auth.conf import conf, read_timeout
from corbado_auth.exceptions import (
    CorbadoError,
    CorbadoRejected,
    CorbadoUnavailable,
    InvalidAuthToken,
)
from corbado_auth.identity import ClientInfo, CorbadoUser, Passkey
from corbado_auth.local_users import same_address

from . import responses
from .responses import ProjectConfig

if TYPE_CHECKING:
    from .transport import Reply

__all__ = ["CorbadoService", "ProjectConfig"]

# Error types (API notes 1.2) that only the operator can mend, whatever their status is.
OUR_CONFIGURATION = {"login_error", "project_id_mismatch", "invalid_json", "invalid_origin"}
TRY_LATER = {408, 425, 429}
# An ID of the right form that no user has.
NOBODY = "usr-0"
# Project and base URL -> the hour in which Corbado was last seen to filter passkeys by user.
FILTER_SEEN: dict[tuple[str, str], int] = {}

T = TypeVar("T")


class CorbadoService:
    """A client of Corbado's backend API.

    What is left out is taken from the settings, at each call: ``CORBADO_PROJECT_ID``,
    ``CORBADO_API_SECRET``, ``CORBADO_BACKEND_API_URL`` and ``CORBADO_TIMEOUT``.

    Every method returns a value of ours or raises a CorbadoError. A call lasts at most the two
    time-outs plus one second; name resolution and headers that trickle in (those of a chunk, too)
    are not bounded.
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
            raise ValueError("timeout has to be a number of seconds above 0, or (connect, read)")

    @sensitive_variables("token", "body")
    def validate_auth_token(self, token: str, client_info: ClientInfo) -> CorbadoUser:
        """Spend an auth token and return the person that Corbado vouches for (API notes 1.3).

        Raises InvalidAuthToken for an unknown, used or expired token: Corbado answers 404 for the
        first; that it does so for the other two is INFERRED.
        """
        body = {
            "token": token,
            "clientInfo": _client_info(client_info),
        }
        answer = self._ask("POST", "/v1/authTokens/validate", body)
        if answer.blames_the_token():
            answer.refuse(InvalidAuthToken, "Corbado does not know this auth token")
        return answer.read(responses.read_validated_user)

    def project_config(self) -> tuple[ProjectConfig, datetime | None]:
        """Return what Corbado has on file for the project, and Corbado's clock (API notes 1.8)."""
        answer = self._ask("GET", "/v1/projectConfig")
        return answer.read(responses.read_project_config), answer.date

    def get_user(self, corbado_user_id: str) -> CorbadoUser:
        """Return one Corbado user (API notes 1.5)."""
        return self._ask("GET", _user_path(corbado_user_id)).read(responses.read_user_answer)

    def list_users(
        self, *, page: int = 1, page_size: int = 100, login_name: str = ""
    ) -> tuple[list[CorbadoUser], int]:
        """Return one page of the project's users, oldest first, and the number of pages.

        ``login_name`` narrows down by Corbado's ``name``; that it is the address is INFERRED
        (API notes 1.3).
        """
        query = {"sort": "created:asc", "page": str(page), "pageSize": str(page_size)}
        if login_name:
            query["filter[]"] = f"name:eq:{login_name}"
        return self._ask("GET", f"/v1/users?{urlencode(query)}").read(responses.read_users)

    def find_users(self, address: str) -> list[CorbadoUser]:
        """Return the Corbado users who have this address, confirmed or not; usually one or none.

        Corbado narrows down, Python compares again.
        """
        users, _pages = self.list_users(login_name=address)
        return [
            user
            for user in users
            if any(same_address(email.address, address) for email in user.emails)
        ]

    def create_user(
        self, address: str, *, full_name: str = "", request_id: str = "", resend: bool = True
    ) -> str | None:
        """Create a Corbado user whose address is pending, and return the ID (API notes 1.5).

        None where Corbado has somebody with this address already; without ``resend`` that is never
        ourselves, by a first sending whose answer was lost. ``request_id`` is a mark of ours
        (``req-…``) that Corbado keeps with the request.
        """
        body = {"name": address, "email": address, "fullName": full_name or address}
        if request_id:
            body["requestID"] = request_id
        answer = self._ask("POST", "/v1/users", body, resend=resend)
        return None if answer.is_taken else answer.read(responses.read_created_user_id)

    def delete_user(self, corbado_user_id: str) -> bool:
        """Delete a Corbado user; False where Corbado has no such user (API notes 1.5)."""
        answer = self._ask("DELETE", _user_path(corbado_user_id), {})
        if answer.blames("userID"):
            return False
        answer.read(lambda _answer: None)
        return True

    def create_association_token(self, address: str, client_info: ClientInfo) -> str:
        """Return a token with which this browser may add a passkey to whoever has the address.

        Only for a person whom the site has just authenticated itself (API notes 1.7). Raises
        CorbadoRejected where Corbado gives none, with its reason.
        """
        body = {
            "loginIdentifier": address,
            "loginIdentifierType": "email",
            "clientInfo": _client_info(client_info),
        }
        answer = self._ask("POST", "/v1/associationTokens", body)
        token, reason = answer.read(responses.read_association_token)
        if not token:
            answer.refuse(CorbadoRejected, f"Corbado gives no association token: {reason}")
        return token

    def list_passkeys(self, corbado_user_id: str) -> list[Passkey]:
        """Return the active passkeys of one Corbado user (API notes 1.6).

        Corbado lists those of the whole project and does not say whose they are, so everything
        hangs on the filter, whose field name is INFERRED. Raises CorbadoUnavailable where Corbado
        seems to ignore it: better no list than somebody else's.
        """
        self._require_passkey_filter()
        return self._passkeys(corbado_user_id)

    def delete_passkey(self, corbado_user_id: str, passkey_id: str) -> bool:
        """Delete a passkey of this Corbado user; False where this user has no such passkey.

        Corbado says the same for somebody else's (API notes 1.6).
        """
        if not Passkey.is_id(passkey_id):
            return False  # Nobody has it, and it could be read as another path of Corbado's API.
        path = f"{_user_path(corbado_user_id)}/credentials/{passkey_id}"
        answer = self._ask("DELETE", path, {})
        if answer.blames("credentialID"):
            return False
        answer.read(lambda _answer: None)
        return True

    def _require_passkey_filter(self) -> None:
        """Look, once an hour and process, whether Corbado lists nobody's passkeys for nobody."""
        project_id = self._project_id or conf.CORBADO_PROJECT_ID
        asked = project_id, self._base_url or conf.CORBADO_BACKEND_API_URL
        hour = int(time.time() // 3600)
        if FILTER_SEEN.get(asked) == hour:
            return
        if self._passkeys(NOBODY):
            raise CorbadoUnavailable("Corbado does not filter passkeys by user")
        FILTER_SEEN[asked] = hour

    def _passkeys(self, corbado_user_id: str) -> list[Passkey]:
        query = {"filter[]": f"userID:eq:{corbado_user_id}", "pageSize": "100"}
        answer = self._ask("GET", f"/v1/webauthn/credential?{urlencode(query)}")
        return answer.read(responses.read_passkeys)

    @sensitive_variables("body")
    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, resend: bool = True
    ) -> _Answer:
        # Not at the top: the HTTP client takes longer to import than all of the app, and a site
        # that starts, or a command that asks Corbado nothing, need not wait for it.
        from . import transport

        endpoint = transport.Endpoint(
            base_url=self._base_url or conf.CORBADO_BACKEND_API_URL,
            project_id=self._project_id or conf.CORBADO_PROJECT_ID,
            api_secret=self._api_secret or conf.CORBADO_API_SECRET,
            timeout=self._timeout or conf.CORBADO_TIMEOUT,
        )
        return _Answer(transport.ask(endpoint, method, path, body, resend=resend))


class _Answer:
    """Read one reply: what it says, or whose failure it is."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers: Mapping[str, str] = reply.headers
        try:
            # As text: bytes would be read in any Unicode encoding, lone surrogates included, and
            # JSON travels as UTF-8 alone (RFC 8259, section 8.1).
            self._json: Any = json.loads(str(reply.body, "utf-8"))
        except (ValueError, RecursionError):
            self._json = None
        self._failure = responses.read_failure(self._json)

    @property
    def date(self) -> datetime | None:
        """Return Corbado's clock at the time of the answer."""
        return _http_date(self.headers.get("Date", ""))

    def blames_the_token(self) -> bool:
        """Tell whether Corbado's objection is to the token, not to us.

        Some of Corbado's 404 bodies name no type (API notes 1.2).
        """
        failure = self._failure
        unknown = self.status == 404 and failure.error_type in {"", "not_found"}
        return failure.is_envelope and (unknown or self.blames("token"))

    def blames(self, field: str) -> bool:
        """Tell whether Corbado objects to this field of the request."""
        failure = self._failure
        complains = self.status != 200 and failure.error_type == "validation_error"
        return complains and field in failure.fields

    @property
    def is_taken(self) -> bool:
        """Tell whether Corbado refuses because there is one already."""
        return self.status != 200 and self._failure.is_taken

    @sensitive_variables()  # The readers' frames hold what Corbado says of a person.
    def read(self, reader: Callable[[responses.Json], T]) -> T:
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


def _client_info(client_info: ClientInfo) -> responses.Json:
    return {
        "remoteAddress": client_info.remote_address,
        "userAgent": client_info.user_agent,
    }


def _user_path(corbado_user_id: str) -> str:
    return f"/v1/users/{quote(corbado_user_id, safe='')}"


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if timezone.is_aware(moment) else None


def _seconds(retry_after: str) -> int | None:
    """Read Retry-After, seconds or a date (RFC 9110, section 10.2.3)."""
    if retry_after.isascii() and retry_after.isdigit():
        return int(retry_after[:9])
    moment = _http_date(retry_after)
    return max(0, round((moment - timezone.now()).total_seconds())) if moment else None
